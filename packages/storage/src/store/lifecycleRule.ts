/** Lifecycle rules as a bucket keeps them; `lifecycle/` reads and applies them. */
export interface LifecycleRule {
  readonly id: string;
  readonly enabled: boolean;
  readonly filter: LifecycleFilter;
  readonly expiration?:
    | { readonly days?: number; readonly at?: number; readonly deleteMarker?: true }
    | undefined;
  readonly noncurrent?: { readonly days: number; readonly keep?: number | undefined } | undefined;
  readonly abortDays?: number | undefined;
}

/** All of it narrows; nothing of it means every object. */
export interface LifecycleFilter {
  readonly prefix?: string | undefined;
  readonly tags: readonly (readonly [key: string, value: string])[];
  readonly largerThan?: number | undefined;
  readonly smallerThan?: number | undefined;
  /** As it was written: in `Filter`, or as a rule's own `Prefix`. */
  readonly legacyPrefix?: true;
}

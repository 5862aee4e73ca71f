/** IAM policies as data. @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html */

export interface Policy {
  readonly version: string;
  readonly statements: readonly Statement[];
}

export interface Statement {
  readonly sid: string | undefined;
  readonly effect: 'Allow' | 'Deny';
  /** Of bucket and trust policies; absent in those of users. */
  readonly principals: Principals | undefined;
  readonly actions: Selection | undefined;
  readonly resources: Selection | undefined;
  readonly conditions: readonly Condition[];
}

/** Patterns, and whether they name what is meant or what is not. */
export interface Selection {
  readonly patterns: readonly string[];
  readonly negated: boolean;
}

export interface Principals {
  readonly everyone: boolean;
  /** Account ids, and ARNs. */
  readonly aws: readonly string[];
  readonly federated: readonly string[];
  readonly negated: boolean;
}

export interface Condition {
  /** Without `IfExists` and `ForAllValues:`. */
  readonly operator: string;
  readonly ifExists: boolean;
  readonly quantifier: 'any' | 'all' | undefined;
  /** In lower case. */
  readonly key: string;
  readonly values: readonly string[];
}

/** What conditions look at, by key in lower case; a key may have several values. */
export type ConditionValues = ReadonlyMap<string, readonly string[]>;

/** What is asked for. */
export interface AccessRequest {
  /** `s3:GetObject` */
  readonly action: string;
  /** `arn:aws:s3:::bucket/key` */
  readonly resource: string;
  readonly values: ConditionValues;
}

/** What happens during a deployment, for progress lines. */
export type DeployEvent =
  | { readonly kind: 'step'; readonly text: string }
  | { readonly kind: 'diff'; readonly path: string; readonly text: string }
  | { readonly kind: 'warning'; readonly text: string; readonly hint: string }
  | { readonly kind: 'output'; readonly text: string };

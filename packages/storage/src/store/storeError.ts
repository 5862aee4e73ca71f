/** What keeps a store from being opened. `message` is the fact, `hint` the next action. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: 'IN_USE' | 'FOREIGN' | 'NEWER';
  readonly hint: string;

  constructor(code: StoreError['code'], message: string, hint: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

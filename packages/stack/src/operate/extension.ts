/** What the administrator says so that an extension is where a script has it; or why it stays. */
export type ExtensionMove = { readonly statement: string } | { readonly refusal: string };

/** By the rule of imports: the extension is the stack's, and nobody else loses anything. @param owner who runs the script */
export async function planExtensionMove(
  extension: string,
  schema: string,
  owner: string,
): Promise<ExtensionMove> {
  const { movingExtension, UnlistedError } = await import('@peakstone/transfer');
  try {
    return { statement: movingExtension(extension, schema, owner) };
  } catch (error) {
    if (error instanceof UnlistedError) return { refusal: error.message };
    throw error;
  }
}

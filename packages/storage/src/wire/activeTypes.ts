/** Pages of somebody's would act in the name of the origin that they are read from. Pure. */

/** What a browser may run scripts of. */
const active = /html|xml|svg|^multipart\//i;

/** Headers by which a browser shows it, and lets it do nothing. Pictures within pages are drawn as ever. */
export function restraints(type: string): string[] {
  return active.test(type)
    ? ['Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"]
    : [];
}

/** Which part of S3 a test of ceph/s3-tests is about, by its name. Pure. */
const groups: readonly (readonly [RegExp, string])[] = [
  [/^test_iam/, 'iam'],
  [/^test_sts/, 'sts'],
  [/^test_s3select/, 's3select'],
  [/^test_sns/, 'sns'],
  [/^test_headers/, 'headers'],
  [/bucket_logging/, 'bucket_logging (Ceph)'],
  [/cloud|restore/, 'cloud tier/restore (Ceph)'],
  [/lifecycle.*transition/, 'lifecycle transition'],
  [/lifecycle_(?:expiration|.*expir|noncur|deletemarker|multipart|cloud)/, 'lifecycle expiration'],
  [/lifecycle/, 'lifecycle config'],
  [/sse|encrypt|kms/, 'encryption'],
  [/post_object/, 'post object'],
  [/object_lock|legal_hold|retention/, 'object lock'],
  [/acl|grant|anon|access_bucket/, 'acl/anonymous'],
  [/ownership/, 'ownership'],
  [/cors/, 'cors'],
  [/policy|public_access|block_public/, 'policy'],
  [/tag/, 'tagging'],
  [/version/, 'versioning'],
  [/_list|listv?2?_|list_/, 'listing'],
  [/copy/, 'copy'],
  [/multipart|checksum|upload/, 'multipart/checksum'],
  [/ifmatch|ifnonematch|if_match|if_none|ifmodified|ifunmodified|conditional/, 'conditional'],
  [/bucket/, 'bucket'],
];

export function groupOf(test: string): string {
  const name = test.replace(/^s3tests\/functional\//, '').replace(/\.py::/, '::');
  const whole = name.replace(/^test_s3::/, '');
  return groups.find(([pattern]) => pattern.test(whole))?.[1] ?? 'object';
}

/** A server for ceph/s3-tests: one account for each party that they speak as. */
import { readStorageConfig, storageService } from '@peakstone/storage';

export interface TestAccounts {
  /** The text of their configuration file. */
  readonly settings: string;
  stop(): Promise<void>;
}

/** Sections of the configuration, and whom each is. */
const parties = [
  ['s3 main', '111111111111', 'main'],
  ['s3 alt', '222222222222', 'alt'],
  ['s3 tenant', '333333333333', 'tenant'],
  ['iam', '444444444444', 'iam'],
  ['iam root', '555555555555', 'iamroot'],
  ['iam alt root', '666666666666', 'iamaltroot'],
] as const;

/** How long a day is for lifecycle rules. */
const dayMs = 2000;

export async function startAccounts(folder: string): Promise<TestAccounts> {
  const settings = readStorageConfig({
    MINIO_ROOT_USER: 'conformance',
    MINIO_ROOT_PASSWORD: 'conformance',
    PEAKSTONE_STORAGE_DAY_MS: String(dayMs),
    MINIO_KMS_SECRET_KEY: `conformance:${Buffer.alloc(32, 7).toString('base64')}`,
  });
  const service = await storageService.start(
    { settings, folder, host: '127.0.0.1', port: 0 },
    { emit: event => event.kind !== 'listening' && console.error(event) },
    new AbortController().signal,
  );
  const sections = parties.map(([section, id, name]) => {
    const keys = {
      accessKey: `${name.toUpperCase()}KEY`.padEnd(20, 'X'),
      secretKey: `${name}secret`.padEnd(40, 'x'),
    };
    const email = `${name}@example.com`;
    const account = service.iam.addAccount({ id, name, email }, keys);
    return [
      `[${section}]`,
      `display_name = ${name}`,
      `user_id = ${section.startsWith('iam ') ? id : account.canonicalId}`,
      `email = ${email}`,
      `access_key = ${keys.accessKey}`,
      `secret_key = ${keys.secretKey}`,
      ...(section === 's3 tenant' ? ['tenant = tenant'] : []),
      ...(section === 's3 main'
        ? ['api_name =', 'kms_keyid = conformance-1', 'kms_keyid2 = conformance-2', 'lc_debug_interval = 2']
        : []),
      '',
    ].join('\n');
  });
  const { port } = new URL(service.address);
  return {
    settings: [
      `[DEFAULT]\nhost = 127.0.0.1\nport = ${port}\nis_secure = False\nssl_verify = False\n`,
      '[fixtures]\nbucket prefix = peakstone-{random}-\niam name prefix = s3-tests-\niam path prefix = /s3-tests/\n',
      ...sections,
    ].join('\n'),
    stop: () => service.stop(),
  };
}

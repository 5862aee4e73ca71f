import { S3Error } from '../errors/s3Error.ts';
import { type AdminCall, need } from './call.ts';
import { readFields } from './read.ts';

export const quotaCalls: readonly AdminCall[] = [
  {
    method: 'GET',
    path: 'get-bucket-quota',
    action: 'admin:GetBucketQuota',
    run(call) {
      const { quota } = call.server.store.buckets.get(need(call, 'bucket'));
      if (quota === undefined) throw new S3Error('XMinioAdminNoSuchQuotaConfiguration');
      return { quota, size: quota, rate: 0, requests: 0, quotatype: 'hard' };
    },
  },
  {
    method: 'PUT',
    path: 'set-bucket-quota',
    action: 'admin:SetBucketQuota',
    async run(call) {
      const { store } = call.server;
      const bucket = store.buckets.get(need(call, 'bucket'));
      const { size, quota, rate, requests } = readFields(call.body);
      if (rate || requests)
        throw new S3Error('NotImplemented', 'Quotas are of bytes; requests are bounded by a proxy.');
      const bytes = Number(size || quota || 0);
      if (!Number.isSafeInteger(bytes) || bytes < 0) throw new S3Error('XMinioAdminInvalidArgument');
      // Counted now, so that it holds from the next write on.
      await store.usage.of(bucket.id);
      await store.buckets.update(bucket, ({ quota: _before, ...row }) =>
        bytes === 0 ? row : { ...row, quota: bytes },
      );
      return undefined;
    },
  },
];

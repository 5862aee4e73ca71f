import { S3Error } from '../errors/s3Error.ts';
import type { PayloadOptions } from '../payload/payload.ts';
import type { S3Request } from '../request.ts';

const maxXmlBytes = 2 * 1024 * 1024;

/** A document that a request brings; read only after its sender may do what it asks. @throws {S3Error} MalformedXML beyond the limit */
export async function readXmlBody(
  request: S3Request,
  maxBytes = maxXmlBytes,
  options: PayloadOptions = {},
): Promise<Buffer> {
  try {
    return await request.payload(options).whole(maxBytes);
  } catch (error) {
    if (error instanceof S3Error && error.code === 'EntityTooLarge') throw new S3Error('MalformedXML');
    throw error;
  }
}

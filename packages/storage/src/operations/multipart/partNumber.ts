import { S3Error } from '../../errors/s3Error.ts';
import type { S3Request } from '../../request.ts';

export const maxPartNumber = 10_000;

/** @throws {S3Error} InvalidArgument */
export function readPartNumber({ query }: S3Request): number {
  const number = Number(query.get('partNumber'));
  if (!Number.isInteger(number) || number < 1 || number > maxPartNumber)
    throw new S3Error('InvalidArgument', {
      message: 'Part number must be an integer between 1 and 10000, inclusive',
      elements: { ArgumentName: 'partNumber', ArgumentValue: query.get('partNumber') ?? '' },
    });
  return number;
}

import { isHeader } from '@peakstone/kernel/http';
import { S3Error } from '../../errors/s3Error.ts';
import type { Operation } from '../../operation.ts';
import type { CorsRule } from '../../store/rows.ts';
import { emptyResponse, xmlResponse } from '../../wire/respond.ts';
import { childrenOf, malformed, parseXml, textOf, type XmlNode } from '../../xml/parse.ts';
import { document, element, optional } from '../../xml/write.ts';
import { readXmlBody } from '../xmlBody.ts';

const maxRules = 100;
const methods = new Set(['GET', 'PUT', 'HEAD', 'POST', 'DELETE']);

export const getBucketCors: Operation = {
  name: 'GetBucketCors',
  method: 'GET',
  level: 'bucket',
  query: ['cors'],
  action: 's3:GetBucketCORS',
  run({ store }, { bucket }) {
    const { cors } = store.buckets.get(bucket);
    if (cors === undefined) throw new S3Error('NoSuchCORSConfiguration');
    return xmlResponse(
      document(
        'CORSConfiguration',
        cors.map(rule =>
          element('CORSRule', [
            optional('ID', rule.id),
            rule.methods.map(each => element('AllowedMethod', each)),
            rule.origins.map(each => element('AllowedOrigin', each)),
            rule.headers.map(each => element('AllowedHeader', each)),
            rule.exposed.map(each => element('ExposeHeader', each)),
            optional('MaxAgeSeconds', rule.maxAgeSeconds),
          ]),
        ),
      ),
    );
  },
};

export const putBucketCors: Operation = {
  name: 'PutBucketCors',
  method: 'PUT',
  level: 'bucket',
  query: ['cors'],
  action: 's3:PutBucketCORS',
  async run({ store }, request) {
    const bucket = store.buckets.get(request.bucket);
    const root = parseXml(await readXmlBody(request), 'CORSConfiguration');
    const rules = childrenOf(root, 'CORSRule').map(readRule);
    if (rules.length === 0 || rules.length > maxRules) throw malformed();
    await store.buckets.update(bucket, row => ({ ...row, cors: rules }));
    return emptyResponse();
  },
};

export const deleteBucketCors: Operation = {
  name: 'DeleteBucketCors',
  method: 'DELETE',
  level: 'bucket',
  query: ['cors'],
  action: 's3:PutBucketCORS',
  async run({ store }, request) {
    await store.buckets.update(store.buckets.get(request.bucket), ({ cors: _gone, ...row }) => row);
    return emptyResponse(204);
  },
};

function readRule(node: XmlNode): CorsRule {
  const all = (name: string): string[] => childrenOf(node, name).map(child => child.text.trim());
  const rule: CorsRule = {
    id: textOf(node, 'ID'),
    origins: all('AllowedOrigin'),
    methods: all('AllowedMethod'),
    headers: all('AllowedHeader'),
    exposed: all('ExposeHeader'),
    maxAgeSeconds:
      textOf(node, 'MaxAgeSeconds') === undefined ? undefined : Number(textOf(node, 'MaxAgeSeconds')),
  };
  if (rule.origins.length === 0 || rule.methods.length === 0) throw malformed();
  const wrong = rule.methods.find(method => !methods.has(method));
  if (wrong !== undefined)
    throw new S3Error(
      'InvalidRequest',
      `Found unsupported HTTP method in CORS config. Unsupported method is ${wrong}`,
    );
  if (rule.exposed.some(name => !isHeader(name, '') && name !== '*')) throw malformed();
  for (const pattern of [...rule.origins, ...rule.headers])
    if (pattern.split('*').length > 2)
      throw new S3Error('InvalidRequest', `"${pattern}" can not have more than one wildcard.`);
  return rule;
}

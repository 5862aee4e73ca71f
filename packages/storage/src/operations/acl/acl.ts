import { aclOf } from '../../access/acl.ts';
import { assertAclAllowed, readAclHeaders, readGrantee } from '../../access/aclHeaders.ts';
import { S3Error } from '../../errors/s3Error.ts';
import type { Operation } from '../../operation.ts';
import type { S3Request } from '../../request.ts';
import type { Server } from '../../server.ts';
import type { Acl, BucketRow, Grant, Owner } from '../../store/rows.ts';
import { emptyResponse, xmlResponse } from '../../wire/respond.ts';
import { childOf, childrenOf, parseXml, textOf, type XmlNode } from '../../xml/parse.ts';
import { document, type Element, element } from '../../xml/write.ts';
import { readXmlBody } from '../xmlBody.ts';

const permissions: readonly (string | undefined)[] = [
  'FULL_CONTROL',
  'READ',
  'WRITE',
  'READ_ACP',
  'WRITE_ACP',
];
const schema = 'http://www.w3.org/2001/XMLSchema-instance';
const maxGrants = 100;

export const getBucketAcl: Operation = {
  name: 'GetBucketAcl',
  method: 'GET',
  level: 'bucket',
  query: ['acl'],
  action: 's3:GetBucketAcl',
  acl: { of: 'bucket', permission: 'READ_ACP' },
  run: ({ store }, { bucket }) => xmlResponse(renderAcl(aclOf(store.buckets.get(bucket)))),
};

export const putBucketAcl: Operation = {
  name: 'PutBucketAcl',
  method: 'PUT',
  level: 'bucket',
  query: ['acl'],
  action: 's3:PutBucketAcl',
  acl: { of: 'bucket', permission: 'WRITE_ACP' },
  async run(server, request) {
    const bucket = server.store.buckets.get(request.bucket);
    const acl = await readAcl(server, request, bucket, bucket.owner);
    await server.store.buckets.update(bucket, row => ({ ...row, acl }));
    return emptyResponse();
  },
};

export const getObjectAcl: Operation = {
  name: 'GetObjectAcl',
  method: 'GET',
  level: 'object',
  query: ['acl'],
  action: ({ query }) => (query.has('versionId') ? 's3:GetObjectVersionAcl' : 's3:GetObjectAcl'),
  acl: { of: 'object', permission: 'READ_ACP' },
  run: ({ store }, { bucket, key, query }) =>
    xmlResponse(
      renderAcl(aclOf(store.objects.existing(store.buckets.get(bucket), key, query.get('versionId')))),
    ),
};

export const putObjectAcl: Operation = {
  name: 'PutObjectAcl',
  method: 'PUT',
  level: 'object',
  query: ['acl'],
  action: ({ query }) => (query.has('versionId') ? 's3:PutObjectVersionAcl' : 's3:PutObjectAcl'),
  acl: { of: 'object', permission: 'WRITE_ACP' },
  async run(server, request) {
    const { key, query } = request;
    const { store } = server;
    const bucket = store.buckets.get(request.bucket);
    const versionId = query.get('versionId');
    const { owner } = store.objects.existing(bucket, key, versionId);
    const acl = await readAcl(server, request, bucket, owner);
    await store.objects.update(bucket, key, versionId, row => ({ ...row, acl }));
    return emptyResponse();
  },
};

/** By headers, or by a document. @throws {S3Error} MalformedACLError and those of its parts */
async function readAcl(
  { iam }: Server,
  request: S3Request,
  bucket: BucketRow,
  owner: Owner,
): Promise<Acl | undefined> {
  const body = await readXmlBody(request);
  if (body.length === 0) {
    const named = [
      'x-amz-acl',
      'x-amz-grant-full-control',
      'x-amz-grant-read',
      'x-amz-grant-read-acp',
      'x-amz-grant-write',
      'x-amz-grant-write-acp',
    ];
    if (!named.some(name => request.headers[name] !== undefined)) throw new S3Error('MissingSecurityHeader');
    return readAclHeaders(request.headers, owner, bucket, iam);
  }
  const root = parseXml(body, 'AccessControlPolicy');
  const list = childOf(root, 'AccessControlList');
  const stated = childOf(root, 'Owner');
  if (list === undefined || stated === undefined) throw new S3Error('MalformedACLError');
  if (textOf(stated, 'ID') !== owner.id) throw new S3Error('AccessDenied');
  const nodes = childrenOf(list, 'Grant');
  if (nodes.length > maxGrants) throw new S3Error('MalformedACLError');
  const acl: Acl = { owner, grants: nodes.map(node => readGrant(node, iam)) };
  assertAclAllowed(acl, bucket);
  return acl;
}

function readGrant(node: XmlNode, iam: Server['iam']): Grant {
  const permission = textOf(node, 'Permission');
  const grantee = childOf(node, 'Grantee');
  if (grantee === undefined || !permissions.includes(permission)) throw new S3Error('MalformedACLError');
  const kind = { CanonicalUser: 'id', Group: 'uri', AmazonCustomerByEmail: 'emailaddress' }[
    grantee.attributes.type ?? ''
  ];
  const value = kind && textOf(grantee, { id: 'ID', uri: 'URI', emailaddress: 'EmailAddress' }[kind]!);
  if (!kind || !value) throw new S3Error('MalformedACLError');
  return { grantee: readGrantee(kind, value, iam), permission: permission as Grant['permission'] };
}

/** As clients are used to. */
function groupsFirst(grants: readonly Grant[]): readonly Grant[] {
  return grants.toSorted((a, b) => Number(a.grantee.kind === 'user') - Number(b.grantee.kind === 'user'));
}

function renderAcl({ owner, grants }: Acl): string {
  return document('AccessControlPolicy', [
    element('Owner', [element('ID', owner.id), element('DisplayName', owner.name)]),
    element(
      'AccessControlList',
      groupsFirst(grants).map(
        ({ grantee, permission }): Element =>
          element('Grant', [
            grantee.kind === 'user'
              ? element('Grantee', [element('ID', grantee.id), element('DisplayName', grantee.name)], {
                  'xmlns:xsi': schema,
                  'xsi:type': 'CanonicalUser',
                })
              : element('Grantee', element('URI', grantee.uri), { 'xmlns:xsi': schema, 'xsi:type': 'Group' }),
            element('Permission', permission),
          ]),
      ),
    ),
  ]);
}

/** A client of S3 for the commands. */
export {
  addKey,
  addToGroup,
  addUser,
  changePolicy,
  type Entity,
  listKeys,
  listPolicies,
  listUsers,
  putPolicy,
  removeKey,
  removePolicy,
  removeUser,
  setUserStatus,
} from './admin.ts';
export { unquote } from './answers.ts';
export { dropBucket, emptyBucket, makeBucket, setVersioning } from './buckets.ts';
export { Connection, type Endpoint, type Reply, readAll } from './connection.ts';
export { keptHeaders } from './copy.ts';
export { endpointOf } from './credentials.ts';
export { ClientError } from './error.ts';
export {
  type Location,
  parseLocation,
  parseRemote,
  type RemoteLocation,
  remoteText,
  type Site,
} from './location.ts';
export {
  deleteObjects,
  getObject,
  headObject,
  listBuckets,
  listObjects,
  listVersions,
  type VersionEntry,
} from './objects.ts';
export { type End, type Moved, transfer } from './transfer.ts';
export { uploadStream } from './upload.ts';

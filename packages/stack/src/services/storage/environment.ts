/** What only the place where it runs knows of the API over the database. */
export interface StoragePlace {
  /** As libpq takes it, of the login that may take on the roles of requests. */
  readonly databaseUri: string;
  readonly jwtSecret: string;
  readonly supabase: string;
  /** Where pictures are made, and how the service of pictures reaches this one; null where there is none. */
  readonly pictures: {
    readonly url: string;
    readonly key: string;
    readonly salt: string;
    readonly ownOrigin: string;
  } | null;
}

/** The stack's settings in the storage's words, here and in containers. Pure. */
export function storageEnvironment({
  databaseUri,
  jwtSecret,
  supabase,
  pictures,
}: StoragePlace): Record<string, string> {
  return {
    PEAKSTONE_STORAGE_DB_URI: databaseUri,
    JWT_SECRET: jwtSecret,
    DATABASE_SUPABASE: supabase,
    ...(pictures === null
      ? {}
      : {
          PEAKSTONE_STORAGE_IMAGES_URL: pictures.url,
          PEAKSTONE_STORAGE_ORIGIN: pictures.ownOrigin,
          IMGPROXY_KEY_HEX: pictures.key,
          IMGPROXY_SALT_HEX: pictures.salt,
        }),
  };
}

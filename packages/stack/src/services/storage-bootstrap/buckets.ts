/** What the storage bootstrap job applies with `mc`: buckets, versioning, expiry, and one user with one policy a bucket. */

/** Replaced versions go after a week. A live object never does. */
export const bucketLifecycle = `${JSON.stringify(
  {
    Rules: [
      {
        ID: 'replaced-versions',
        Status: 'Enabled',
        Filter: { Prefix: '' },
        NoncurrentVersionExpiration: { NoncurrentDays: 7 },
      },
    ],
  },
  null,
  2,
)}\n`;

/**
 * Idempotent; a changed secret takes effect on the next run. Shell without interpolation:
 * values arrive as environment variables, the policies as files. Uploads broken off are the server's to collect (after a day).
 */
export const bucketScript = `set -eu
say() { printf 'storage-bootstrap: %s\\n' "$*"; }

tries=0
until mc alias set "$MINIO_ALIAS" "$MINIO_ENDPOINT" "$MINIO_ROOT_USER" "$MINIO_ROOT_PASS" > /dev/null 2>&1; do
  tries=$((tries + 1))
  if [ "$tries" -ge 60 ]; then
    say "no answer from $MINIO_ENDPOINT as $MINIO_ROOT_USER for two minutes; check MINIO_ROOT_USER and MINIO_ROOT_PASS"
    exit 1
  fi
  sleep 2
done

# tenant BUCKET USER SECRET POLICY
tenant() {
  mc mb --ignore-existing "$MINIO_ALIAS/$1"
  mc admin user add "$MINIO_ALIAS" "$2" "$3" > /dev/null
  mc admin policy create "$MINIO_ALIAS" "$4" "/bootstrap/$4.json"
  case "$(mc admin user info "$MINIO_ALIAS" "$2")" in
    *"$4"*) ;;
    *) mc admin policy attach "$MINIO_ALIAS" "$4" --user "$2" ;;
  esac
  say "bucket $1 is ready for user $2"
}

tenant "$MINIO_BUCKET" "$S3_APP_ACCESS_KEY" "$S3_APP_SECRET_KEY" app-policy
mc version enable "$MINIO_ALIAS/$MINIO_BUCKET"
mc ilm rule import "$MINIO_ALIAS/$MINIO_BUCKET" < /bootstrap/lifecycle.json

if [ -n "\${LOKI_ACCESS_KEY:-}" ] && [ -n "\${LOKI_SECRET_KEY:-}" ]; then
  tenant loki "$LOKI_ACCESS_KEY" "$LOKI_SECRET_KEY" loki-policy
  # The log store expires its own objects; a rule on the bucket would take its index away.
  mc ilm rule rm --all --force "$MINIO_ALIAS/loki" > /dev/null 2>&1 || say 'bucket loki has no expiry rule, as it should be'
fi
`;

/** What `--example` prints: every setting one may want to change, with its default. */
export const exampleConfig = `## Database to serve, as a libpq URI or keyword string; "@file" reads it from a file.
db-uri = "postgresql://"

## Schemas to expose; the first is used when a request names none.
db-schemas = "public"

## Role of requests without a token. Without it they are refused.
# db-anon-role = "anon"

## Schemas added to the search path of every request.
db-extra-search-path = "public"

## Rows a response holds at most.
# db-max-rows = 1000

## How transactions end: commit, commit-allow-override, rollback, rollback-allow-override.
## The override is the client's "Prefer: tx=commit" or "tx=rollback".
db-tx-end = "commit"

## Function called before every request, after the role is set.
# db-pre-request = "auth.check_request"

## Function or schema document served at the root instead of OpenAPI.
# db-root-spec = "root"

## Aggregate functions in select=.
# db-aggregates-enabled = false

## Execution plans by "Accept: application/vnd.pgrst.plan".
# db-plan-enabled = false

## Function settings that hold for the whole transaction.
# db-hoisted-tx-settings = "statement_timeout,plan_filter.statement_cost_limit,default_transaction_isolation"

## Settings from the database: of the connecting role ("ALTER ROLE ... SET pgrst.db_schemas = ...") and of a function.
db-config = true
# db-pre-config = "postgrest.pre_config"

## NOTIFY channel for 'reload schema' and 'reload config'.
db-channel = "pgrst"
db-channel-enabled = true

## Connections, and seconds: to wait for one, to keep one idle, to keep one at all.
db-pool = 10
# db-pool-acquisition-timeout = 10
# db-pool-max-idletime = 30
# db-pool-max-lifetime = 1800
# db-pool-automatic-recovery = true

## Named prepared statements; turn off behind a pooler in transaction mode that lacks support for them.
db-prepared-statements = true

## Shared secret of at least 32 characters, JWK or JWK set; "@file" reads it from a file.
# jwt-secret = "secret_with_at_least_32_characters"
jwt-secret-is-base64 = false
# jwt-aud = "your_audience_claim"

## JSONPath of the claim that names the role; a dollar is doubled in this file.
jwt-role-claim-key = "$$.role"

## Tokens whose verification is remembered; 0 turns it off.
# jwt-cache-max-entries = 1000

## Address to listen on; a unix socket takes precedence.
server-host = "!4"
server-port = 3000
# server-unix-socket = "/tmp/pgrst.sock"
# server-unix-socket-mode = "660"
server-reuseport = false

## Health, metrics and schema cache on a port of their own.
# admin-server-port = 3001

## Origins that browsers may call from; empty admits all.
# server-cors-allowed-origins = ""

## Header passed from request to response.
# server-trace-header = "X-Request-Id"

## Server-Timing header on responses.
server-timing-enabled = false

## Level: crit, error, warn, info, debug. With log-query the SQL of each logged request too.
log-level = "error"
log-query = false

## Errors with details and hint ("verbose") or without ("minimal").
# client-error-verbosity = "verbose"

## OpenAPI document: follow-privileges, ignore-privileges, disabled.
openapi-mode = "follow-privileges"
openapi-server-proxy-uri = ""

## Filters may name an aliased embed by its relation.
url-use-legacy-target-names = true

## Beyond the reference, all off by default.
## Several requests as one transaction: a JSON array of them, posted here.
# batch-path = "/batch"
# batch-max-requests = 100
## Rows with their related rows inserted at once, by "Prefer: nested=insert".
# db-nested-insert-enabled = false
## Large results sent as they are read, by "Prefer: stream".
# db-stream-enabled = false
## ETag on reads, and 304 for If-None-Match.
# server-etag-enabled = false
## The method QUERY: the query string in the body.
# server-query-method-enabled = false
## Filters that compare two columns: price=gt(col).cost
# url-column-filters-enabled = false
## Paging by cursor: after=
# url-keyset-enabled = false

## Available in SQL as current_setting('app.settings.name').
# app.settings.name = "value"
`;

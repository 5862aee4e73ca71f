/** What the metadata says of webhooks: where they are, which headers they get, and how what they get is made. */

/** An address that is given whole, as a template, or by the variable that holds it. */
export type UrlConf = string | { readonly from_env: string };

export interface HeaderConf {
  readonly name: string;
  readonly value?: string;
  readonly value_from_env?: string;
}

/** As the metadata has it; texts are templates. */
export interface RequestTransform {
  readonly version?: 1 | 2;
  readonly template_engine?: 'Kriti';
  readonly method?: string;
  readonly url?: string;
  readonly body?: string | BodyTransform;
  readonly content_type?: string;
  readonly query_params?: Readonly<Record<string, string | null>> | string;
  readonly request_headers?: {
    readonly add_headers?: Readonly<Record<string, string>>;
    readonly remove_headers?: readonly string[];
  };
}

interface BodyTransform {
  readonly action: 'remove' | 'transform' | 'x_www_form_urlencoded';
  readonly template?: string;
  readonly form_template?: Readonly<Record<string, string>>;
}

export interface ResponseTransform {
  readonly version?: 1 | 2;
  readonly body?: string | BodyTransform;
  readonly template_engine?: 'Kriti';
}

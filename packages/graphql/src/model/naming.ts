/**
 * GraphQL names: of types and root fields, by the naming convention and customization of a source.
 * @see https://hasura.io/docs/2.0/schema/postgres/naming-convention/
 */
import type { NamingConvention, SourceCustomization } from '../definition/metadata.ts';

/** A name in its words; a custom one stays as it is whatever the convention. */
export interface Identifier {
  readonly text: string;
  readonly isCustom: boolean;
}

export interface Naming {
  readonly convention: NamingConvention;
  /** A type: `article_bool_exp`, or `ArticleBoolExp`. */
  type(id: Identifier, ...suffix: readonly string[]): string;
  /** A type that is not a table's, such as `order_by`. */
  plainType(name: string): string;
  /** A root field: `insert_article_one`, or `insertArticleOne`. */
  root(prefix: readonly string[], id: Identifier, suffix: readonly string[]): string;
  /** Applies the source's prefix and suffix to a root field. */
  customizeRoot(name: string): string;
  /** A field of a type: a column, `_set`. */
  field(name: string): string;
  /** A value of an enum of the reference's own. */
  enumValue(name: string): string;
  readonly namespace: string | null;
}

const graphqlName = /^[_A-Za-z][_0-9A-Za-z]*$/;

export function isGraphqlName(name: string): boolean {
  return graphqlName.test(name);
}

export function createNaming(
  customization: SourceCustomization | undefined,
  fallback: NamingConvention,
): Naming {
  const convention = customization?.naming_convention ?? fallback;
  const typePrefix = customization?.type_names?.prefix ?? '';
  const typeSuffix = customization?.type_names?.suffix ?? '';
  const rootPrefix = customization?.root_fields?.prefix ?? '';
  const rootSuffix = customization?.root_fields?.suffix ?? '';
  const namespace = customization?.root_fields?.namespace ?? null;
  const dressed = (name: string): string => `${typePrefix}${name}${typeSuffix}`;
  if (convention === 'graphql-default') {
    return {
      convention,
      type: (id, ...suffix) =>
        dressed((id.isCustom ? id.text : pascal(id.text)) + suffix.map(pascal).join('')),
      plainType: name => pascal(name),
      root: (prefix, id, suffix) =>
        camelJoin([...prefix, ...(id.isCustom ? [{ custom: id.text }] : [id.text]), ...suffix]),
      customizeRoot: name => `${rootPrefix}${name}${rootSuffix}`,
      field: camel,
      enumValue: name => name.toUpperCase(),
      namespace,
    };
  }
  return {
    convention,
    type: (id, ...suffix) => dressed([id.text, ...suffix].join('_')),
    plainType: name => name,
    root: (prefix, id, suffix) => [...prefix, id.text, ...suffix].join('_'),
    customizeRoot: name => `${rootPrefix}${name}${rootSuffix}`,
    field: name => name,
    enumValue: name => name,
    namespace,
  };
}

type Word = string | { readonly custom: string };

/** The first word begins in lower case unless it is somebody's own. */
function camelJoin(words: readonly Word[]): string {
  return words
    .map((word, i) => {
      if (typeof word !== 'string') return i === 0 ? word.custom : capital(word.custom);
      return i === 0 ? camel(word) : pascal(word);
    })
    .join('');
}

/** @example camel('author_details') // authorDetails */
export function camel(name: string): string {
  const lead = /^_*/.exec(name)![0];
  const text = pascal(name.slice(lead.length));
  return lead + text.charAt(0).toLowerCase() + text.slice(1);
}

/** @example pascal('author_details') // AuthorDetails */
export function pascal(name: string): string {
  return name.split('_').map(capital).join('');
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** Metadata as a folder of the reference's CLI. Pure. */
import { Document, isScalar, Scalar, visit } from 'yaml';
import { type Metadata, type QualifiedTable, qualify, type Source } from '../definition/metadata.ts';
import { splitActions } from './sdl.ts';
import { sections } from './sections.ts';

/** Texts by path within the folder. */
export function folderFiles(metadata: Metadata): ReadonlyMap<string, string> {
  const files = new Map<string, string>([['version.yaml', yamlText({ version: metadata.version })]]);
  const { graphql, yaml } = splitActions(metadata.actions ?? [], metadata.custom_types ?? {});
  files.set('actions.graphql', graphql);
  files.set('actions.yaml', yamlText(yaml));
  for (const [section, file, empty] of sections) files.set(file, yamlText(metadata[section] ?? empty));
  const sources = metadata.sources.map(source => sourceFile(source, files));
  files.set('databases/databases.yaml', yamlText(sources));
  return files;
}

/** The source with its tables and functions in files of their own. */
function sourceFile(source: Source, files: Map<string, string>): object {
  const { tables, functions, name, kind, configuration, ...rest } = source;
  const split = <T>(list: string, members: readonly T[], nameOf: (member: T) => QualifiedTable): string => {
    const folder = `${fileName(name)}/${list}`;
    const included = members.map(member => {
      const qualified = qualify(nameOf(member));
      const base = fileName(`${qualified.schema}_${qualified.name}`);
      let file = `${base}.yaml`;
      // a.b_c and a_b.c are two tables.
      for (let i = 2; files.has(`databases/${folder}/${file}`); i++) file = `${base}_${i}.yaml`;
      files.set(`databases/${folder}/${file}`, yamlText(member));
      return `!include ${file}`;
    });
    files.set(`databases/${folder}/${list}.yaml`, yamlText(included));
    return `!include ${folder}/${list}.yaml`;
  };
  return {
    name,
    kind,
    configuration,
    ...rest,
    tables: split('tables', tables, ({ table }) => table),
    ...(functions?.length && { functions: split('functions', functions, each => each.function) }),
  };
}

/** Names are anybody's, and lead nowhere else. */
function fileName(name: string): string {
  return name.replaceAll(/[/\\\0]/g, '_').replace(/^\.+/, '_');
}

function yamlText(value: unknown): string {
  const document = new Document(value);
  visit(document, {
    Scalar(_key, node) {
      if (isScalar(node) && typeof node.value === 'string' && /^(?:!include .*)?$/.test(node.value))
        node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return document.toString({ lineWidth: 0, singleQuote: true });
}

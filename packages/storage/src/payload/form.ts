/** `multipart/form-data` as browsers send it: fields, then the file as a stream; what follows the file is not read. */
import { S3Error } from '../errors/s3Error.ts';

export interface Form {
  /** By lower-case name. */
  readonly fields: ReadonlyMap<string, string>;
  readonly fileName: string;
  readonly fileType: string | undefined;
  readonly file: AsyncIterable<Buffer>;
}

const maxFieldsBytes = 1024 * 1024;
const maxHeadBytes = 16 * 1024;
const maxFields = 200;

/**
 * @param which part is the file: the one called so, or the first that has a file's name
 * @throws {S3Error} MalformedPOSTRequest, InvalidArgument
 */
export async function readForm(
  contentType: string | undefined,
  stream: AsyncIterable<Buffer>,
  which: 'called file' | 'with a name' = 'called file',
): Promise<Form> {
  const boundary = /boundary=(?:"([^"]{1,200})"|([^\s;]{1,200}))/i.exec(contentType ?? '');
  if (boundary === null) throw new S3Error('MalformedPOSTRequest');
  const input = new Parts(stream, `\r\n--${boundary[1] ?? boundary[2]}`);
  await input.begin();
  const fields = new Map<string, string>();
  let bytes = 0;
  for (;;) {
    const head = await input.head();
    if (head === undefined)
      throw new S3Error('InvalidArgument', 'POST requires exactly one file upload per request.');
    const disposition = /^content-disposition:\s*form-data;(.*)$/im.exec(head)?.[1] ?? '';
    const name = parameter(disposition, 'name')?.toLowerCase();
    if (name === undefined) throw new S3Error('MalformedPOSTRequest');
    const fileName = parameter(disposition, 'filename');
    if (which === 'called file' ? name === 'file' : fileName !== undefined) {
      return {
        fields,
        fileName: (fileName ?? '').replace(/^.*[\\/]/s, ''),
        fileType: /^content-type:\s*(\S.*?)\s*$/im.exec(head)?.[1],
        file: input.body(),
      };
    }
    const pieces: Buffer[] = [];
    for await (const piece of input.body()) {
      bytes += piece.length;
      if (bytes > maxFieldsBytes) throw new S3Error('MaxMessageLengthExceeded');
      pieces.push(piece);
    }
    if (fields.size >= maxFields) throw new S3Error('MalformedPOSTRequest');
    fields.set(name, Buffer.concat(pieces).toString('utf8'));
  }
}

function parameter(text: string, name: string): string | undefined {
  const match = new RegExp(`(?:^|[;\\s])${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]+))`, 'i').exec(text);
  const value = match?.[1]?.replace(/\\(["\\])/g, '$1') ?? match?.[2];
  return value === undefined ? undefined : Buffer.from(value, 'latin1').toString('utf8');
}

/** Cuts a stream at its boundaries. */
class Parts {
  readonly #iterator: AsyncIterator<Buffer>;
  readonly #delimiter: Buffer;
  /** As if a line had ended before the first boundary. */
  #rest: Buffer = Buffer.from('\r\n');

  constructor(stream: AsyncIterable<Buffer>, delimiter: string) {
    this.#iterator = stream[Symbol.asyncIterator]();
    this.#delimiter = Buffer.from(delimiter, 'latin1');
  }

  /** Up to the first boundary there is nothing. */
  async begin(): Promise<void> {
    for await (const piece of this.body())
      if (piece.length > maxHeadBytes) throw new S3Error('MalformedPOSTRequest');
  }

  /** The header lines of the next part; undefined after the last one. */
  async head(): Promise<string | undefined> {
    while (this.#rest.length < 2) if (!(await this.#more())) throw new S3Error('MalformedPOSTRequest');
    if (this.#rest.toString('latin1', 0, 2) === '--') return undefined;
    for (;;) {
      const end = this.#rest.indexOf('\r\n\r\n');
      if (end >= 0) {
        const text = this.#rest.toString('latin1', 0, end);
        this.#rest = this.#rest.subarray(end + 4);
        return text.replace(/^\r\n/, '');
      }
      if (this.#rest.length > maxHeadBytes || !(await this.#more()))
        throw new S3Error('MalformedPOSTRequest');
    }
  }

  /** Up to the next boundary, which is then behind. */
  async *body(): AsyncGenerator<Buffer> {
    for (;;) {
      const end = this.#rest.indexOf(this.#delimiter);
      if (end >= 0) {
        if (end > 0) yield this.#rest.subarray(0, end);
        this.#rest = this.#rest.subarray(end + this.#delimiter.length);
        return;
      }
      // The boundary may have begun in what is here.
      const safe = this.#rest.length - this.#delimiter.length + 1;
      if (safe > 0) {
        yield this.#rest.subarray(0, safe);
        this.#rest = this.#rest.subarray(safe);
      }
      if (!(await this.#more())) throw new S3Error('IncompleteBody');
    }
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#iterator.next();
    if (done) return false;
    this.#rest = this.#rest.length === 0 ? value : Buffer.concat([this.#rest, value]);
    return true;
  }
}

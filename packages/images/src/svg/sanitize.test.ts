import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sanitizeSvg } from './sanitize.ts';

const clean = async (text: string): Promise<string> =>
  (await sanitizeSvg(Buffer.from(text), async () => undefined)).toString();

describe('an SVG that is passed on', () => {
  it('loses what runs and what embeds, with all that is in it', async () => {
    assert.equal(
      await clean(
        '<svg><script>alert(1)</script><g onclick="x()" fill="red"><iframe><p>a</p></iframe></g><form/></svg>',
      ),
      '<svg><g fill="red"/></svg>',
    );
  });

  it('loses addresses that are none of a picture, however they are hidden', async () => {
    for (const href of [
      'javascript:alert(1)',
      ' JavaScript:x',
      'jav&#97;script:x',
      'jav&#x61;script:x',
      'javascript&colon;x',
      'java&Tab;script:x',
      'data:text/html,x',
      'mailto:a@b',
    ])
      assert.equal(await clean(`<svg><a href="${href}">t</a></svg>`), '<svg><a>t</a></svg>', href);
    assert.equal(
      await clean('<svg><use href="other.svg#a"/><use xlink:href="#in"/></svg>'),
      '<svg><use/><use xlink:href="#in"/></svg>',
    );
    assert.equal(
      await clean('<svg><image href="data:image/png;base64,AA"/></svg>'),
      '<svg><image href="data:image/png;base64,AA"/></svg>',
    );
  });

  it('stays as it is written otherwise, quotes, comments and CDATA included', async () => {
    const text =
      '<?xml version="1.0"?>\n<!DOCTYPE svg>\n<svg a=\'"\'><!-- <script> --><style><![CDATA[a<b]]></style>&amp;</svg>\n';
    assert.equal(await clean(text), text);
  });

  it('that is no XML is refused', async () => {
    const crowded = `<svg${' a=""'.repeat(10_001)}/>`;
    const deep = '<g>'.repeat(250_001);
    for (const text of ['<svg', '<svg></g>', '<svg><!-- </svg>', '<!DOCTYPE a [[]>', crowded, deep])
      await assert.rejects(clean(text), { name: 'XmlError' }, text);
  });

  it('lets others work while it is read, and is given up when its time is over', async () => {
    const large = Buffer.from(`<svg>${'<form><g/></form>'.repeat(200_000)}</svg>`);
    let pauses = 0;
    await sanitizeSvg(large, async () => void pauses++);
    assert.ok(pauses > 0);
    const late = sanitizeSvg(large, () => Promise.reject(new Error('late')));
    await assert.rejects(late, { message: 'late' });
  });

  it('of any depth takes no longer than it is long', async () => {
    const depth = 200_000;
    assert.equal((await clean('<g>'.repeat(depth) + '</g>'.repeat(depth))).length > depth, true);
  });
});

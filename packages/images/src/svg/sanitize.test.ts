import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sanitizeSvg } from './sanitize.ts';

const clean = (text: string): string => sanitizeSvg(Buffer.from(text)).toString();

describe('an SVG that is passed on', () => {
  it('loses what runs and what embeds, with all that is in it', () => {
    assert.equal(
      clean(
        '<svg><script>alert(1)</script><g onclick="x()" fill="red"><iframe><p>a</p></iframe></g><form/></svg>',
      ),
      '<svg><g fill="red"/></svg>',
    );
  });

  it('loses addresses that are none of a picture, however they are hidden', () => {
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
      assert.equal(clean(`<svg><a href="${href}">t</a></svg>`), '<svg><a>t</a></svg>', href);
    assert.equal(
      clean('<svg><use href="other.svg#a"/><use xlink:href="#in"/></svg>'),
      '<svg><use/><use xlink:href="#in"/></svg>',
    );
    assert.equal(
      clean('<svg><image href="data:image/png;base64,AA"/></svg>'),
      '<svg><image href="data:image/png;base64,AA"/></svg>',
    );
  });

  it('stays as it is written otherwise, quotes, comments and CDATA included', () => {
    const text =
      '<?xml version="1.0"?>\n<!DOCTYPE svg>\n<svg a=\'"\'><!-- <script> --><style><![CDATA[a<b]]></style>&amp;</svg>\n';
    assert.equal(clean(text), text);
  });

  it('that is no XML is refused', () => {
    for (const text of ['<svg', '<svg></g>', '<svg><!-- </svg>', '<!DOCTYPE a [[]>'])
      assert.throws(() => clean(text), { name: 'XmlError' }, text);
  });

  it('of any depth takes no longer than it is long', () => {
    const depth = 200_000;
    assert.equal(clean('<g>'.repeat(depth) + '</g>'.repeat(depth)).length > depth, true);
  });
});

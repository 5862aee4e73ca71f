import assert from 'node:assert/strict';
import { it } from 'node:test';
import { assertGeometry } from './geojson.ts';
import type { JsonValue } from './value.ts';

const corner: JsonValue = [0, 0];
const ring: JsonValue = [corner, [0, 1], [1, 1], corner];

it('geometries are read before PostGIS reads them, with what is wrong', () => {
  const wrong: readonly (readonly [Record<string, JsonValue>, string])[] = [
    [{ type: 'Point', coordinates: [1] }, 'A Position needs at least 2 elements'],
    [{ type: 'LineString', coordinates: [corner] }, 'A LineString needs at least 2 Positions'],
    [{ type: 'Polygon', coordinates: [[corner, corner, corner]] }, 'A LinearRing needs at least 4 Positions'],
    [
      { type: 'MultiPolygon', coordinates: [[[corner, corner, corner, [1, 0]]]] },
      'the first and last locations have to be equal for a LinearRing',
    ],
    [{ type: 'Random', coordinates: [] }, 'unexpected geometry type: Random'],
    [{ coordinates: [] }, 'key "type" not found'],
    [{ type: 'Point' }, 'key "coordinates" not found'],
    [
      { type: 'GeometryCollection', geometries: [{ type: 'Point', coordinates: [] }] },
      'A Position needs at least 2 elements',
    ],
    [{ type: 'Point', coordinates: 'here' }, 'parsing Position failed, expected Array'],
  ];
  for (const [geometry, message] of wrong)
    assert.throws(() => assertGeometry(geometry), { code: 'parse-failed', message });
  for (const geometry of [
    { type: 'Point', coordinates: [1, 2, 3] },
    { type: 'Polygon', coordinates: [ring, ring] },
    { type: 'GeometryCollection', geometries: [{ type: 'MultiPoint', coordinates: [] }] },
  ])
    assertGeometry(geometry);
});

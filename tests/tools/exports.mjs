// Checks that third-party readers accept the exports of a running server, which must have the example story.
import assert from 'node:assert/strict';
import { check } from '@placemarkio/check-geojson';
import jsonld from 'jsonld';

const SEM = 'http://semanticweb.cs.vu.nl/2009/11/sem/';

export const exports = address => {
  const read = async path => {
    const response = await fetch(new URL(path, address), { signal: AbortSignal.timeout(30_000) });
    assert.equal(response.status, 200);
    return response.text();
  };
  return {
    'export: GeoJSON is valid by RFC 7946': async () => {
      const { features } = check(await read('/export/graph.geojson'));
      assert.ok(features.some(({ geometry }) => geometry));
    },

    'export: JSON-LD converts to RDF, with both views of the release and their sources': async () => {
      const quads = await jsonld.toRDF(JSON.parse(await read('/export/graph.jsonld')));
      const objects = (subject, predicate) =>
        quads.filter(quad => quad.subject.value === subject && quad.predicate.value === predicate).map(({ object }) => object.value);
      const views = quads.filter(({ object }) => object.value === `${SEM}View`).map(({ subject }) => subject.value);
      const types = views.flatMap(view => (objects(view, `${SEM}accordingTo`).length ? objects(view, `${SEM}eventType`) : []));
      for (const type of ['RESCUE', 'RELEASE']) {
        assert.ok(types.includes(`urn:newsgraph:vocabulary:${type}`), `no view with a source has the type ${type}: ${types}`);
      }
      const [value] = quads.filter(({ predicate }) => predicate.value === 'http://www.w3.org/ns/oa#start');
      assert.equal(value.object.datatype.value, 'http://www.w3.org/2001/XMLSchema#integer');
    },
  };
};

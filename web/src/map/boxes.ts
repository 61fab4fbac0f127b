/** The box round a geometry. */

import type { Geometry, Position } from "geojson";

export type Box = readonly [number, number, number, number];

/** Return west, south, east, north; null for a geometry without a place. */
export function boxOf(geometry: Geometry | null | undefined): Box | null {
  const box: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
  if (geometry) widen(box, geometry);
  return box[0] <= box[2] ? box : null;
}

function widen(box: [number, number, number, number], geometry: Geometry): void {
  if (geometry.type === "GeometryCollection") for (const part of geometry.geometries) widen(box, part);
  else walk(box, geometry.coordinates);
}

type Nested = Position | Position[] | Position[][] | Position[][][];

function walk(box: [number, number, number, number], at: Nested): void {
  const [first, second] = at;
  if (typeof first === "number" && typeof second === "number") {
    box[0] = Math.min(box[0], first);
    box[1] = Math.min(box[1], second);
    box[2] = Math.max(box[2], first);
    box[3] = Math.max(box[3], second);
    return;
  }
  for (const each of at) if (typeof each !== "number") walk(box, each);
}

import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { Random } from "../random.ts";

const deepest = 4;
const numbers = [0, 1, 7, 255, 65_535, 2 ** 31 - 1, 2 ** 32 - 1];

/** A message of the schema with any values, as its bytes. */
export function randomMessage(random: Random, schema: DescMessage, depth = 0): Uint8Array {
  const writer = new BinaryWriter();
  for (const field of schema.fields) {
    if (random.oneIn(3)) continue;
    const isList = field.fieldKind === "list" || field.fieldKind === "map";
    const most = random.oneIn(50) ? 2000 : 4;
    const count = isList ? random.below(depth === 0 ? most : 4) : 1;
    for (let left = count; left > 0; left--) writeField(random, writer, field, depth);
  }
  return writer.finish();
}

function writeField(random: Random, writer: BinaryWriter, field: DescField, depth: number): void {
  if (field.fieldKind === "map") {
    writer.tag(field.number, WireType.LengthDelimited).fork();
    writeScalar(random, writer, 1, field.mapKey);
    if (field.message) writeMessage(random, writer, 2, field.message, depth);
    else writeScalar(random, writer, 2, field.scalar ?? ScalarType.INT32);
    writer.join();
  } else if (field.message) writeMessage(random, writer, field.number, field.message, depth);
  else writeScalar(random, writer, field.number, field.scalar ?? ScalarType.INT32);
}

function writeMessage(
  random: Random,
  writer: BinaryWriter,
  number: number,
  schema: DescMessage,
  depth: number,
): void {
  const bytes = depth < deepest ? randomMessage(random, schema, depth + 1) : new Uint8Array();
  writer.tag(number, WireType.LengthDelimited).bytes(bytes);
}

function writeScalar(random: Random, writer: BinaryWriter, number: number, type: ScalarType): void {
  const value = random.pick(numbers);
  switch (type) {
    case ScalarType.STRING:
    case ScalarType.BYTES: {
      const texts = ["", "c1", "../x", "\u001b[31m", "a\0b", "x".repeat(random.below(3000))];
      const bytes = random.oneIn(3)
        ? random.bytes(random.below(30))
        : Buffer.from(random.pick(texts));
      writer.tag(number, WireType.LengthDelimited).bytes(bytes);
      return;
    }
    case ScalarType.DOUBLE:
      writer.tag(number, WireType.Bit64).double(random.pick([0, -1, Number.NaN, 1e308]));
      return;
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      writer.tag(number, WireType.Bit64).fixed64(value);
      return;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      writer.tag(number, WireType.Bit32).fixed32(value);
      return;
    default:
      writer.tag(number, WireType.Varint).uint64(random.oneIn(8) ? 2n ** 64n - 1n : value);
  }
}

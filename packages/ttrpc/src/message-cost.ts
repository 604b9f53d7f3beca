import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/**
 * What a message may cost when it is decoded. Two bytes can ask for an object of half a kilobyte, so that
 * the limit of bytes alone lets 4 MiB become 1 GiB.
 */
export const MAX_MESSAGE_COST = 2 ** 21;
/** What an object costs; any other value, in a list or not, costs 1. */
const OBJECT_COST = 32;
const MAX_DEPTH = 64;

/**
 * Adds up what decoding would cost, by walking over the bytes without making anything of them.
 *
 * @throws RangeError if it is more than `max`, and Error if the bytes are not of the message.
 */
export function checkCost(schema: DescMessage, bytes: Uint8Array, max = MAX_MESSAGE_COST): void {
  let left = max;
  const spend = (cost: number): void => {
    left -= cost;
    if (left < 0)
      throw new RangeError(`it has more than ${max / OBJECT_COST} messages or ${max} values`);
  };
  const walk = (fields: Fields, reader: BinaryReader, end: number, depth: number): void => {
    if (depth > MAX_DEPTH)
      throw new RangeError(`its messages are nested more than ${MAX_DEPTH} deep`);
    while (reader.pos < end) {
      const [number, wireType] = reader.tag();
      const field = fields.get(number);
      if (wireType !== WireType.LengthDelimited) {
        spend(1);
        reader.skip(wireType, number);
        continue;
      }
      const length = reader.uint32();
      const next = reader.pos + length;
      if (next > end) throw new RangeError("it is cut");
      spend(field?.below ? OBJECT_COST : 1);
      if (field?.below) walk(field.below(), reader, next, depth + 1);
      else if (field?.packed) spend(length);
      reader.pos = next;
    }
  };
  walk(fieldsOf(schema), new BinaryReader(bytes), bytes.length, 0);
}

interface Field {
  /** The fields of the message that it holds. */
  below?: () => Fields;
  /** Its values stand without tags, one a byte at most. */
  packed: boolean;
}
type Fields = ReadonlyMap<number, Field>;

const known = new WeakMap<DescMessage, Fields>();

function fieldsOf(schema: DescMessage): Fields {
  const found = known.get(schema);
  if (found !== undefined) return found;
  const fields = new Map(schema.fields.map((field) => [field.number, fieldOf(field)]));
  known.set(schema, fields);
  return fields;
}

function fieldOf(field: DescField): Field {
  const { fieldKind, message } = field;
  if (fieldKind === "map") {
    const value: Field = { ...(message && { below: () => fieldsOf(message) }), packed: false };
    const entry: Fields = new Map([[2, value]]);
    return { below: () => entry, packed: false };
  }
  if (message) return { below: () => fieldsOf(message), packed: false };
  const bytes = field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES;
  return { packed: fieldKind === "list" && !bytes };
}

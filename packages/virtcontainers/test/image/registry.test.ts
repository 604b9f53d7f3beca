import { describe, expect, it } from "vitest";
import type { ImageProgress } from "../../src/image/image.ts";
import { refusal } from "../support/refusal.ts";
import { setUp } from "./support/registry-store.ts";
import { storeContents } from "./support/store.ts";

describe("pull", () => {
  it("gets an image and tells how far it is", async () => {
    const { registry, store, reference } = await setUp();
    const steps: ImageProgress[] = [];
    const image = await store.images.pull(reference, { onProgress: (step) => steps.push(step) });
    expect(image).toMatchObject({ digest: registry.made.digest, names: [reference] });
    const [layer] = registry.made.layers;
    const sizes = { completedBytes: layer?.size, totalBytes: layer?.size };
    expect(steps).toContainEqual({ phase: "download", layer: layer?.digest, ...sizes });
    expect(steps.map(({ phase }) => phase)).toEqual([
      "resolve",
      "download",
      "download",
      "unpack",
      "done",
    ]);
  });

  it("asks only for the manifest when the image is there, and for nothing with ensure", async () => {
    const { registry, store, reference } = await setUp();
    await store.images.pull(reference);
    registry.requests.length = 0;
    await store.images.pull(reference);
    expect(registry.requests.map(({ line }) => line)).toEqual(["GET /v2/app/manifests/1"]);
    await store.images.ensure(reference);
    expect(registry.requests).toHaveLength(1);
    await store.images.ensure(reference, { pull: "always" });
    expect(registry.requests).toHaveLength(2);
  });

  it("pulls by digest, and checks it", async () => {
    const { registry, store } = await setUp();
    const name = `${registry.host}/app@${registry.made.digest}`;
    expect((await store.images.pull(name)).names).toEqual([name]);
    const other = `sha256:${"0".repeat(64)}`;
    registry.handler = (request, _response, serve) => {
      request.url = request.url?.replace(other, "1");
      return serve();
    };
    const error = await refusal(
      store.images.pull(`${registry.host}/app@${other}`),
      "IMAGE_INVALID",
    );
    expect(error.message).toContain(`${registry.made.digest}, not ${other}`);
  });

  it("tells that an image is not there", async () => {
    const { registry, store } = await setUp();
    const error = await refusal(store.images.pull(`${registry.host}/app:2`), "IMAGE_NOT_FOUND");
    expect(error.message).toContain("app:2");
    expect(await storeContents(store.dataDir)).toEqual([]);
  });

  it("lists the platforms that are there", async () => {
    const { store, reference } = await setUp({ platform: { os: "linux", architecture: "s390x" } });
    const error = await refusal(
      store.images.pull(reference, { platform: "linux/arm64" }),
      "NOT_SUPPORTED",
    );
    expect(error.message).toContain("not there for linux/arm64; there is linux/s390x");
  });

  it("names both digests of a layer that the registry corrupted", async () => {
    const { registry, store, reference } = await setUp();
    const [layer] = registry.made.layers;
    registry.handler = async (request, response, serve) => {
      if (!request.url?.endsWith(layer?.digest ?? "")) return serve();
      const bytes = await registry.blob(layer?.digest ?? "");
      bytes[20] = (bytes[20] ?? 0) ^ 1;
      response.end(bytes);
    };
    const error = await refusal(store.images.pull(reference), "IMAGE_INVALID");
    expect(error.message).toMatch(
      new RegExp(`its digest is sha256:[0-9a-f]{64}, not ${layer?.digest}`),
    );
    expect(await storeContents(store.dataDir)).toEqual([]);
  });

  it("does not take more of a layer, a manifest or a configuration than announced", async () => {
    const { registry, store, reference } = await setUp();
    const endless = (match: string): void => {
      registry.handler = (request, response, serve) => {
        if (!request.url?.includes(match)) return serve();
        const more = (): void => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536))) {}
        };
        response.on("drain", more);
        more();
      };
    };
    endless(registry.made.layers[0]?.digest ?? "");
    expect((await refusal(store.images.pull(reference), "IMAGE_INVALID")).message).toContain(
      "longer than",
    );
    endless("manifests");
    expect((await refusal(store.images.pull(reference), "REGISTRY_FAILED")).message).toContain(
      "more than 4194304",
    );
    endless(registry.made.config.digest);
    expect((await refusal(store.images.pull(reference), "REGISTRY_FAILED")).message).toContain(
      "more than 4194304",
    );
    expect(await storeContents(store.dataDir)).toEqual([]);
  });

  it("refuses what is no image", async () => {
    const { registry, store, reference } = await setUp();
    const answers: [string, "IMAGE_INVALID" | "NOT_SUPPORTED", string][] = [
      ["{", "IMAGE_INVALID", "not valid JSON"],
      [
        "<!DOCTYPE html><head><title>Sign\u001b[31m in</title>",
        "IMAGE_INVALID",
        'not JSON but an HTML page, "Sign\ufffd[31m in"',
      ],
      ["[]", "IMAGE_INVALID", "damaged"],
      ['{"schemaVersion":1,"fsLayers":[]}', "NOT_SUPPORTED", "schema 1"],
      [
        '{"schemaVersion":2,"manifests":[{"digest":"../../x","size":1}]}',
        "IMAGE_INVALID",
        '"../../x" is not a valid digest',
      ],
      ['{"schemaVersion":2,"manifests":[]}', "NOT_SUPPORTED", "there is nothing"],
      [
        JSON.stringify({
          config: { mediaType: "application/vnd.helm", digest: registry.made.digest, size: 1 },
          layers: [],
        }),
        "NOT_SUPPORTED",
        "not a container image",
      ],
    ];
    const { digest } = registry.made;
    const encrypted = {
      mediaType: "application/vnd.oci.image.layer.v1.tar+encrypted",
      digest,
      size: 1,
    };
    const config = { digest, size: 1 };
    answers.push([JSON.stringify({ config, layers: [encrypted] }), "NOT_SUPPORTED", "encrypted"]);
    for (const [body, code, message] of answers) {
      registry.handler = (_request, response) => void response.end(body);
      expect((await refusal(store.images.pull(reference), code)).message).toContain(message);
    }
  });

  it("refuses a wrong number of layers at once", async () => {
    const { store, reference } = await setUp();
    for (const concurrency of [0, 17, 1.5, Number.NaN]) {
      expect(
        await refusal(store.images.pull(reference, { concurrency }), "INVALID_ARGUMENT"),
      ).toMatchObject({ field: "concurrency" });
    }
  });
});

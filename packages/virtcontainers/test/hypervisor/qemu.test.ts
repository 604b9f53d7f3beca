import { randomUUID } from "node:crypto";
import { watch } from "node:fs";
import {
  chmod,
  chown,
  mkdir,
  readFile,
  readlink,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { basename, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { findGuestDir, loadGuestAssets } from "../../src/guest/assets.ts";
import { createHost } from "../../src/host/real.ts";
import { vmThatCan } from "../../src/hypervisor/abilities.ts";
import type { RunningVm, VmSpec } from "../../src/hypervisor/hypervisor.ts";
import type { QemuConfig } from "../../src/hypervisor/qemu/config.ts";
import { createQemu } from "../../src/hypervisor/qemu/index.ts";
import { silentLogger } from "../../src/log.ts";
import { testFolder } from "../support/folder.ts";
import { soon } from "../support/soon.ts";
import { MemoryLedger } from "./support/ledger.ts";
import { config, spec } from "./support/spec.ts";

const host = createHost();
const qemu = createQemu(host, silentLogger);
const isRoot = process.getuid?.() === 0;
const user = isRoot ? { uid: 65_310, gid: 65_310 } : undefined;
const guest = await loadGuestAssets(findGuestDir(process.env)).catch(() => undefined);
const hasQemu = (await host.processes.which("qemu-system-x86_64")) !== undefined;

/** A VM folder that belongs to the VMM's user, below a folder that only root may enter. */
async function vmSpec(more: Partial<QemuConfig> = {}): Promise<VmSpec> {
  const parent = await testFolder();
  const folder = join(parent, "f".repeat(120));
  await mkdir(folder, { mode: 0o700 });
  if (user !== undefined) await chown(folder, user.uid, user.gid);
  const files = {
    kernelPath: guest?.kernelPath ?? "",
    initrdPath: guest?.initrdPath,
    imagePath: guest?.imagePath,
    imageOffset: guest?.imageOffset ?? 0,
  };
  return spec({
    marker: randomUUID(),
    folder,
    user,
    config: config({ ...files, agentPorts: 2, ...more }),
  });
}

/** As an operation has it that asks it for these. */
const able = (of: VmSpec, vm: () => Promise<RunningVm>) =>
  vmThatCan(qemu, ["pause", "resume", "attach", "detach"], of.sandboxId, vm);

async function start(of: VmSpec, ledger = new MemoryLedger()) {
  const vm = await able(of, () => qemu.start(of, ledger, soon()));
  onTestFinished(() => vm.stop({ graceMs: 0 }));
  return vm;
}

async function untilConsoleSays(of: VmSpec, text: string): Promise<void> {
  const stop = soon();
  const path = join(of.folder, "console.log");
  await new Promise<void>((resolve, reject) => {
    const watcher = watch(path);
    const look = async () => {
      if (!(await readFile(path, "utf8")).includes(text)) return;
      watcher.close();
      resolve();
    };
    watcher.on("change", () => void look().catch(reject));
    stop.addEventListener("abort", () => {
      watcher.close();
      reject(stop.reason);
    });
    void look().catch(reject);
  });
}

async function disk(of: VmSpec, name: string): Promise<string> {
  const path = join(of.folder, name);
  await writeFile(path, "", { mode: 0o600 });
  await truncate(path, 1 << 20);
  if (user !== undefined) await chown(path, user.uid, user.gid);
  return path;
}

describe.skipIf(!hasQemu)("QEMU that can't start", () => {
  test("ends start with what it said and its exit code", async () => {
    const of = await vmSpec({
      hypervisorParams: [{ key: "nonsense", value: "" }],
      kernelPath: "/bin/true",
    });
    await expect(
      start({ ...of, config: { ...of.config, imagePath: undefined } }),
    ).rejects.toMatchObject({
      code: "HYPERVISOR_FAILED",
      exitCode: 1,
      phase: "hypervisor.start",
      message: expect.stringMatching(/exit code 1: .*nonsense: invalid option/s),
    });
    expect(await host.processes.findByArgument(of.marker)).toEqual([]);
  });

  test("for want of KVM is told what to do", async () => {
    const of = await vmSpec({ kernelPath: "/bin/true", imagePath: undefined });
    const folder = await testFolder();
    await chmod(folder, 0o711);
    const hypervisorPath = join(folder, "qemu");
    const said = "failed to initialize kvm: No such device";
    await writeFile(hypervisorPath, `#!/bin/sh\necho ${said} >&2\nexit 1\n`, { mode: 0o755 });
    const refusal = start({ ...of, config: { ...of.config, hypervisorPath } });
    await expect(refusal).rejects.toMatchObject({
      code: "HYPERVISOR_FAILED",
      message: expect.stringContaining(said),
      hint: expect.stringContaining("--accelerator auto"),
      exitCode: 1,
    });
  });

  test("a missing kernel is refused before anything is started", async () => {
    const of = await vmSpec({ kernelPath: "/nonexistent/vmlinux", imagePath: undefined });
    const ledger = new MemoryLedger();
    await expect(start(of, ledger)).rejects.toMatchObject({
      message: expect.stringContaining("/nonexistent/vmlinux"),
    });
    if (user !== undefined) expect(ledger.written).toEqual([]);
  });

  test("a missing binary is a requirement of the host", async () => {
    const of = await vmSpec({ hypervisorPath: "/nonexistent/qemu" });
    await expect(start(of)).rejects.toMatchObject({ code: "HOST_REQUIREMENT" });
  });

  test("the signal ends it, and nothing is left", async () => {
    const of = await vmSpec({ kernelPath: "/bin/true", imagePath: undefined });
    const reason = new Error("enough");
    await expect(qemu.start(of, new MemoryLedger(), AbortSignal.abort(reason))).rejects.toBe(
      reason,
    );
    expect(await host.processes.findByArgument(of.marker)).toEqual([]);
  });
});

describe.skipIf(guest === undefined || !hasQemu)(
  "a real VM (needs guest files)",
  { timeout: 120_000 },
  () => {
    test("boots from files that its user can't reach, and is found by its marker", async () => {
      const of = await vmSpec();
      const folder = await testFolder();
      await chmod(folder, 0o700);
      const hide = async (path: string | undefined) => {
        if (path === undefined) return undefined;
        const hidden = join(folder, basename(path));
        await writeFile(hidden, await readFile(path), { mode: 0o600 });
        return hidden;
      };
      const { kernelPath, initrdPath, imagePath } = of.config;
      const hidden = {
        kernelPath: (await hide(kernelPath)) ?? kernelPath,
        initrdPath: await hide(initrdPath),
        imagePath: await hide(imagePath),
      };
      const ledger = new MemoryLedger();
      const vm = await start({ ...of, config: { ...of.config, ...hidden } }, ledger);
      const identity = { pid: vm.state.process.pid, startTime: vm.state.process.startTime };
      expect(ledger.written).toEqual([
        { kind: "process", name: "qemu", marker: of.marker },
        { kind: "process", name: "qemu", marker: of.marker, ...identity },
      ]);
      expect(await host.processes.findByArgument(of.marker)).toEqual([identity]);
      if (user !== undefined) expect(await stat(`/proc/${identity.pid}`)).toMatchObject(user);
      await untilConsoleSays(of, "virtc-agent");
      expect(await vm.consoleTail()).toContain("virtc-agent");
      expect(await readFile(`/proc/${identity.pid}/status`, "utf8")).toMatch(/^Seccomp:\t2$/m);
    });

    test("a second host process's view: attach, status, pause, resume, agent port, stop", async () => {
      const of = await vmSpec();
      const first = await start(of);
      const state = JSON.parse(JSON.stringify(first.state));
      const vm = await able(of, () => qemu.adopt(of, state));
      expect(await vm.status(soon())).toBe("running");
      await vm.pause(soon());
      expect(await first.status(soon())).toBe("paused");
      await vm.resume(soon());
      expect(await vm.status(soon())).toBe("running");
      (await vm.connectAgent(1, soon())).destroy();
      await expect(vm.connectAgent(2, soon())).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
      await vm.stop({ graceMs: 20 });
      expect(await first.gone).toContain("was ended by SIGKILL");
      expect(await vm.gone).toBe("QEMU is gone");
      expect(await vm.status(soon())).toBe("gone");
      for (const one of [first, vm]) {
        await expect(one.pause(soon())).rejects.toMatchObject({ code: "SANDBOX_DEAD" });
        await expect(one.connectAgent(0, soon())).rejects.toMatchObject({ code: "SANDBOX_DEAD" });
      }
      await expect(qemu.adopt(of, vm.state)).rejects.toMatchObject({ code: "SANDBOX_DEAD" });
      vm.release();
    });

    test.each(["q35", "pc"] as const)(
      "on %s disks come and go while the guest runs",
      async (machineType) => {
        const of = await vmSpec({ machineType, pcieRootPorts: 1, debug: true });
        const cold = {
          kind: "disk",
          id: "cold",
          path: await disk(of, "cold.img"),
          format: "raw",
          readonly: false,
        } as const;
        const vm = await start({ ...of, devices: [cold] });
        expect(vm.state.devices).toEqual({ cold: { kind: "pci", path: "08", bootNode: "vdb" } });
        await untilConsoleSays(of, "virtc-agent");
        const addresses = [];
        for (const name of ["one", "two"]) {
          const path = await disk(of, `${name}.img`);
          addresses.push(
            await vm.attach(
              { kind: "disk", id: name, path, format: "raw", readonly: true },
              soon(),
            ),
          );
        }
        const paths = machineType === "q35" ? ["15/00", "10/01"] : ["10/01", "10/02"];
        expect(addresses).toEqual(paths.map((path) => ({ kind: "pci", path })));
        await untilConsoleSays(of, "[vdd]");
        await vm.detach("one", soon());
        expect(Object.keys(vm.state.devices)).toEqual(["cold", "two"]);
        const again = {
          kind: "disk",
          id: "three",
          path: await disk(of, "three.img"),
          format: "raw",
          readonly: true,
        } as const;
        expect(await vm.attach(again, soon())).toEqual(addresses[0]);
      },
    );

    test.skipIf(!isRoot)("interfaces are there from the start, and come and go", async () => {
      const netns = join(await testFolder(), "netns");
      await host.network.makeNamespace(netns);
      onTestFinished(() => host.network.removeNamespace(netns));
      const interfaceOf = async (index: number, queues: number) => {
        const open = await host.network.openTap(netns, { name: `tap${index}_kata`, queues });
        const device = {
          kind: "network",
          id: `net${index}`,
          mac: `02:00:00:00:00:0${index}`,
          mtu: 1400,
          taps: open.map(({ fd }) => fd),
        } as const;
        return { device, close: () => Promise.all(open.map((each) => each.close())) };
      };
      const namespaceOf = (pid: string | number) => readlink(`/proc/${pid}/ns/net`);
      const links = async () => (await host.network.run(netns, "ip", ["-o", "link"])).stdout;
      const of = await vmSpec({ pcieRootPorts: 1, debug: true });
      const cold = await interfaceOf(0, 2);
      const vm = await start({ ...of, devices: [cold.device] });
      await cold.close();
      // The taps are all of the network that it has.
      expect(await namespaceOf(vm.state.process.pid)).not.toBe(await namespaceOf("self"));
      expect(vm.state.devices).toEqual({ net0: { kind: "pci", path: "15/00" } });
      await untilConsoleSays(of, "virtc-agent");
      const hot = await interfaceOf(1, 1);
      expect(await vm.attach(hot.device, soon())).toEqual({ kind: "pci", path: "10/01" });
      await hot.close();
      await untilConsoleSays(of, ":01.0: enabling device");
      expect(await links()).toMatch(/tap0_kata.*tap1_kata/s);
      await vm.detach("net1", soon());
      expect(Object.keys(vm.state.devices)).toEqual(["net0"]);
      expect(await links()).not.toContain("tap1_kata");
      await vm.stop({ graceMs: 0 });
      expect(await links()).not.toContain("tap0_kata");
    });

    test("SCSI disks come and go too", async () => {
      const of = await vmSpec({ blockDeviceDriver: "virtio-scsi", enableIOThreads: true });
      const vm = await start(of);
      const hot = {
        kind: "disk",
        id: "hot",
        path: await disk(of, "hot.img"),
        format: "raw",
        readonly: true,
      } as const;
      expect(await vm.attach(hot, soon())).toEqual({ kind: "scsi", address: "0:0" });
      await vm.detach("hot", soon());
    });

    test("a VMM that hangs ends calls by their deadline, and stop ends it", async () => {
      const of = await vmSpec();
      const vm = await start(of);
      await host.processes.signal(vm.state.process, "SIGSTOP");
      await expect(vm.status(AbortSignal.timeout(200))).rejects.toMatchObject({ code: "CANCELED" });
      await vm.stop({ graceMs: 10 });
      expect(await host.processes.isAlive(vm.state.process)).toBe(false);
    });

    test("sudden death ends what is waiting, with the reason", async () => {
      const of = await vmSpec();
      const vm = await start(of);
      await host.processes.signal(vm.state.process, "SIGSTOP");
      const waiting = vm.status(soon());
      await host.processes.signal(vm.state.process, "SIGKILL");
      await expect(waiting).rejects.toMatchObject({
        code: "SANDBOX_DEAD",
        message: expect.stringContaining("SIGKILL"),
      });
    });
  },
);

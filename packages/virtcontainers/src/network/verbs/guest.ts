import { type Interface, type Route, RoutesSchema } from "../../config/network/interface.ts";
import { assertUp, type Operation, type Verb } from "../../operation/run-verb.ts";
import { parse } from "../../validate.ts";

export async function listInterfaces(operation: Operation): Promise<Interface[]> {
  assertUp(operation, "list the interfaces of");
  return await (await operation.agent()).listInterfaces(operation.signal);
}

export async function listRoutes(operation: Operation): Promise<Route[]> {
  assertUp(operation, "list the routes of");
  return await (await operation.agent()).listRoutes(operation.signal);
}

export function updateRoutes(input: readonly Route[]): Verb<Route[]> {
  const routes = parse(RoutesSchema, input, "routes");
  return async (operation) => {
    assertUp(operation, "change the routes of");
    return await (await operation.agent()).updateRoutes(routes, operation.signal);
  };
}

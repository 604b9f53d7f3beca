import type { Command } from "commander";

/** The options about how a container is looked at, as the parser gives them. */
export interface HealthOptions {
  healthCmd?: string;
  healthInterval?: string;
  healthTimeout?: string;
  healthRetries?: string;
  healthStartPeriod?: string;
  healthStartInterval?: string;
  /** False with --no-healthcheck. */
  healthcheck?: boolean;
}

/** Declares the options about how a container is looked at. */
export function declareHealthOptions(command: Command): Command {
  return command
    .optionsGroup("Health:")
    .option("--health-cmd <line>", "what /bin/sh runs in it: it works if that ends with 0")
    .option("--health-interval <duration>", "time between two runs (default: 30s)")
    .option("--health-timeout <duration>", "how long a run may take (default: 30s)")
    .option("--health-retries <number>", "so many failures in a row are unhealthy (default: 3)")
    .option("--health-start-period <duration>", "failures do not count so long (default: 0s)")
    .option("--health-start-interval <duration>", "time between two runs then (default: 5s)")
    .option("--no-healthcheck", "none, whatever the image says");
}

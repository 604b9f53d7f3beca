/** The registry that is meant where none is named. */
export const dockerHub = "docker.io";

/* Writes to a file what crun makes of the filter of system calls in a config.json. */
#include <config.h>
#include <fcntl.h>
#include <stdio.h>
#include "libcrun/container.h"
#include "libcrun/seccomp.h"

int
main (int argc, char **argv)
{
  libcrun_error_t err = NULL;
  libcrun_container_t *container;
  struct libcrun_seccomp_gen_ctx_s ctx;

  if (argc != 3)
    return 2;
  container = libcrun_container_load_from_file (argv[1], &err);
  if (container != NULL)
    {
      libcrun_seccomp_gen_ctx_init (&ctx, container, false, LIBCRUN_SECCOMP_SKIP_CACHE);
      ctx.fd = open (argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0644);
      if (ctx.fd < 0)
        {
          perror (argv[2]);
          return 1;
        }
      if (libcrun_generate_seccomp (&ctx, &err) >= 0)
        return 0;
    }
  fprintf (stderr, "%s\n", err == NULL ? "no container" : err->msg);
  return 1;
}

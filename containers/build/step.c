/* step COMMAND...: run the entrypoint as the owner of /work.
 *
 * A person who mounts a folder and names no user wants the files to be theirs. The image's default
 * user may become the owner of that folder, and nobody else: no other user, no capability, and no
 * way to gain one later. Root's folder is worked on by a root without any power.
 *
 * It has cap_setuid, cap_setgid and cap_setpcap as file capabilities; what else it could do with
 * them is why it is so short.
 */
#define _GNU_SOURCE
#include <grp.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WORK "/work"
#define ENTRYPOINT "/opt/notebook/entrypoint"

static void end(const char *what)
{
    perror(what);
    exit(126);
}

int main(int argc, char **argv)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0}};
    struct stat work;
    int capability;

    (void)argc;
    if (stat(WORK, &work) != 0)
        end(WORK);
    /* Root's power over files is of no use to who may write here anyway. */
    if (work.st_uid == 0 && faccessat(AT_FDCWD, WORK, W_OK, AT_EACCESS) == 0) {
        fputs("step: this folder can be written as it is\n", stderr);
        return 126;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        end("no_new_privs");
    for (capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0)
            end("bounding set");
    if (setgroups(0, NULL) != 0)
        end("groups");
    if (setresgid(work.st_gid, work.st_gid, work.st_gid) != 0)
        end("group");
    if (setresuid(work.st_uid, work.st_uid, work.st_uid) != 0)
        end("user");
    if (syscall(SYS_capset, &header, none) != 0)
        end("capabilities");
    argv[0] = ENTRYPOINT;
    execv(ENTRYPOINT, argv);
    end(ENTRYPOINT);
}

/* Limits for programs, and their address map. Valid C, C++ and assembly. */
#pragma once

#define TINE_PAGE_SIZE 4096

/*
 * User addresses (Sv39: the lower half). Nothing is ever mapped below USER_BASE, so that the use
 * of a null pointer, or of a member reached through one, faults. Tine's own programs start at
 * USER_BASE exactly (linker/user.ld).
 */
#define USER_BASE 0x10000
#define USER_TOP 0x3ffffff000

#define TINE_STACK_SIZE (8 << 20) /* the stack grows on demand up to this many bytes */

#define TINE_NAME_MAX 255        /* bytes in one component of a path */
#define TINE_PATH_MAX 4096       /* bytes in a path, its final 0 included */
#define TINE_ARG_MAX (128 << 10) /* bytes of argv and envp that execve accepts at least */

#define TINE_ARG_COUNT 8   /* arguments of execv(app_id, argv) */
#define TINE_ARG_LENGTH 31 /* characters in one of them, without its final 0 */

#define TINE_OPEN_MAX 1024 /* file descriptors of one process */
#define TINE_PID_MAX 32768

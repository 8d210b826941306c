/*
 * App ids: small numbers for the programs that exec(app_id) and execv(app_id, argv) can start. An
 * id is a row of this table and names the file /bin/NAME; no other place has programs.
 *
 * X(NAME in upper case, number, "name")
 */
#pragma once

#define TINE_APPS(X)         \
  X(SHELL, 1, "sh")          \
  X(HELLO, 2, "hello")       \
  X(ARGS, 3, "args")         \
  X(IPC_RX, 4, "ipc_rx")     \
  X(IPC_SEND, 5, "ipc_send") \
  X(PS, 6, "ps")             \
  X(ECHO, 7, "echo")         \
  X(SLEEP, 8, "sleep")

enum tine_app_id {
#define TINE_APP_ID(upper, number, name) APP_ID_##upper = number,
  TINE_APPS(TINE_APP_ID)
#undef TINE_APP_ID
};

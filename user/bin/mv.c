/* mv OLD NEW, mv OLD... FOLDER: renames files and folders, within one file system. */
#include <stdio.h>

#include "target.h"

int main(int argc, char** argv) { return for_each_target("mv", argv + 1, argc - 1, rename); }

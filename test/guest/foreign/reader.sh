#!/foreign/dynamic

"""Run an emulated SAN cluster: real LVM, iSCSI, FC and cluster locks in machines on this host. See docs/lab.md."""

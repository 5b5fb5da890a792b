// Package blob keeps named byte strings: the snapshots of detection, files of cases, generated documents.
//
// A blob is whole or absent. Put returns once the bytes and the name are synced to disk; a crash or a power cut in the middle leaves the
// blob as it was before, and a leftover that the next OpenDir removes. Of several writers of one key the last to finish wins, whole. Readers never see half a
// blob and need no lock.
//
// Keys are words of [a-z0-9._-] separated by slashes, such as "snapshot/p07/000000000042". No word starts with a dot, so a key can neither climb
// out of the folder nor meet the store's own files.
//
// It never looks into a blob, never lists in anything but key order, and keeps no old versions: callers put a version into the key.
package blob

#pragma once
// What OpenSSL frees is zeroed first.

#include <cstddef>

namespace signet::crypto {

/// OpenSSL takes and gives back memory by the functions below from now on. It wipes the numbers of
/// keys that it knows of by itself, but not the buffers that its decoders read keys from, and what
/// they leave behind would be in a dump for as long as the process lives. Only before anything else
/// is asked of OpenSSL: later, or where another has set functions already, it does nothing and
/// returns false.
bool wipe_library_memory();

/// As malloc, realloc and free, with the file and line of OpenSSL's that want it. Null for 0 bytes.
void* give_wiped(std::size_t size, const char* file, int line);
void* resize_wiped(void* memory, std::size_t size, const char* file, int line);
void take_and_wipe(void* memory, const char* file, int line);

}  // namespace signet::crypto

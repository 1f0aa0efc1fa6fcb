// What a program does first, so that its files are safe from its own messages.
//
// Thread: main thread, before any file is opened.
#pragma once

namespace longtake {

// Where standard input, output or error is closed, the next file opened would take its number, and every message would be
// written into that file: such streams become /dev/null. And writing to a reader that has gone fails from now on, where
// the system's way is to end the program: a take is worth more than the report of its progress.
void keepStandardStreams();

}  // namespace longtake

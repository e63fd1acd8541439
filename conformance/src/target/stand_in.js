// This file stands in for the client of Socket.IO.
//
// The reference server of siospec serves it below its path where nobody has given it the files of the client. A server
// that serves the client to browsers is judged by how it does that: under which names, with which type and which tag,
// compressed or not, to pages of which origin, and what it does with names that it does not know. None of this depends on
// what is in the files, so that they need not be the client itself.
//
// What is in here is long enough to be worth compressing, and differs from one file to the next by its first line only.
//
// To serve the client itself, name the folder of its files, such as node_modules/socket.io-client/dist:
//
//     siospec serve --client-files FOLDER
//
// The application named chat does so by itself, if the packages of the tests are installed:
//
//     scripts/setup.sh
//     siospec serve --app chat

throw new Error("this file stands in for the client of Socket.IO: name a folder with `siospec serve --client-files`");

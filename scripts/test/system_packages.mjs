/** The programs of the system that tests call: installed where they are missing, as root and where apt-get is. */
import { canInstall, install, isThere } from "../apt.mjs";

/** Program, and the Debian package that has it. */
const NEEDED = {
  git: "git", // the judge of everything that lattice reads and writes
  strace: "strace", // kills the binary at each of its system calls, and sees which files it opens
  time: "time", // the memory that a program took
  setpriv: "util-linux", // another user's repository
  script: "bsdutils", // a terminal
  perl: "perl-base", // a program that tells of each signal
  flock: "util-linux", // another program that holds our lock
  unshare: "util-linux", // the container that holds nothing but the binary
  mount: "mount", // full and read-only disks, overlays
  bindfs: "bindfs", // a file system that hosts might share
  chroot: "coreutils",
  tar: "tar", // the fixtures
  pg_ctlcluster: "postgresql", // a database server of the tests' own
  openssl: "openssl", // its certificate
  ip: "iproute2", // two hosts, and the link between them
  zsh: "zsh", // the shells that completion is for
  fish: "fish",
  ldd: "libc-bin", // the libraries that the binary needs
  "gnome-keyring-daemon": "gnome-keyring", // a real keychain
  "dbus-run-session": "dbus-daemon", // the session that it is a part of
  "secret-tool": "libsecret-tools", // by which Deno asks it; libsecret itself comes along
};

/** Installs what is missing and says so; throws where it cannot. */
export function installSystemPackages() {
  const missing = Object.keys(NEEDED).filter((program) => !isThere(program));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((program) => NEEDED[program]))];
  console.log(`missing programs: ${missing.join(", ")}`);
  if (!canInstall()) {
    throw new Error(`the tests need ${missing.join(", ")}; install as root: apt-get install ${packages.join(" ")}`);
  }
  install(packages);
}

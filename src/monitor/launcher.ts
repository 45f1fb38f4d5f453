/** How every monitor is started: as a process that dies with this one. */

/**
 * Arguments of setpriv(1), to be followed by this process's pid and the monitor's command: the kernel kills
 * the monitor with its parent. Between fork and that order the parent may already be dead, hence the
 * comparison; it then never starts.
 */
export const LAUNCHER = ['--pdeathsig', 'KILL', 'sh', '-c', 'test "$PPID" = "$0" && exec "$@"'];

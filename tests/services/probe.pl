#!/usr/bin/perl
# What a process confined as a unit can do: probe.pl FILE WRITABLE writes a line of "name value" for each attempt to FILE.
# WRITABLE is the directory it should be able to write. Every attempt is harmless should it succeed.
use strict;
use warnings;
use Socket;
use Fcntl;

my ($file, $writable) = @ARGV;
my $arm = (`uname -m` =~ /aarch64/);
# System calls by number: x86-64, aarch64.
my %call = (
    add_key => [248, 217], chroot => [161, 51], clone => [56, 220], io_uring_setup => [425, 425], kill => [62, 129],
    landlock_create_ruleset => [444, 444], mmap => [9, 222], mount => [165, 40], personality => [135, 92],
    sched_setscheduler => [144, 119], sethostname => [170, 161], settimeofday => [164, 170], syslog => [103, 116],
    swapon => [167, 224], unshare => [272, 97], delete_module => [176, 106], shmget => [29, 194], fchmodat => [268, 53],
    capset => [126, 91], open_tree => [428, 428], ioprio_get => [252, 31],
);
sub try { my $name = shift; return syscall($call{$name}[$arm ? 1 : 0], @_) }
my %fact;
sub tell_of { my ($name, $value) = @_; $fact{$name} = $value }
sub answer { my ($name, $did) = @_; tell_of($name, $did ? "yes" : "no:" . ($!+0)) }
sub slurp { my $path = shift; open(my $in, '<', $path) or return ''; local $/; my $text = <$in>; return $text // '' }
sub can_write {
    my $dir = shift;
    my $path = "$dir/metaextract-probe.$$";
    my $did = sysopen(my $out, $path, O_CREAT | O_WRONLY | O_EXCL);
    my $why = $!+0;
    unlink $path if $did;
    $! = $why;
    return $did;
}

for my $dir ('/usr', '/etc', '/var/tmp', '/tmp', $ENV{PROBE_HOME}, $ENV{PROBE_RUNTIME}, '/dev/shm', $writable) {
    answer("write $dir", can_write($dir));
}
answer('cgroup', mkdir($ENV{PROBE_CGROUP} . '/probe') && rmdir($ENV{PROBE_CGROUP} . '/probe'));
answer("read root's home", opendir(my $other, $ENV{PROBE_OTHER}));
for my $device ('/dev/fuse', '/dev/tty', '/dev/null') {
    answer("device $device", sysopen(my $in, $device, O_RDWR | O_NONBLOCK));
}
tell_of('devices', scalar(() = glob('/dev/*')));
answer('modules', opendir(my $modules, '/usr/lib/modules'));
answer('kallsyms', sysopen(my $kallsyms, '/proc/kallsyms', O_RDONLY));
answer('tunables', -w '/proc/sys/kernel/core_pattern');
answer('process 1', -d '/proc/1');
answer('pressure', sysopen(my $pressure, '/proc/pressure/memory', O_RDONLY));
my %family = (unix => 1, inet => 2, inet6 => 10, netlink => 16, packet => 17, vsock => 40);
answer("socket $_", socket(my $socket, $family{$_}, $_ eq 'netlink' || $_ eq 'packet' ? SOCK_RAW : SOCK_STREAM, 0))
    for sort keys %family;
for my $space ('net', 'ipc', 'uts', 'user', 'mnt') {
    tell_of("namespace $space", readlink("/proc/self/ns/$space") eq $ENV{"PROBE_NS_$space"} ? 'shared' : 'own');
}
# A child of its own each, which keeps what it did to itself.
sub child {
    my ($name, $code) = @_;
    my $pid = fork // die 'no fork';
    if (!$pid) { my $did = $code->(); POSIX::_exit($did ? 0 : ($!+0 || 1)) }
    waitpid($pid, 0);
    $! = $? >> 8;
    answer($name, $? == 0);
}
require POSIX;
child('new user namespace', sub { try('unshare', 0x10000000) == 0 });
child('new mount namespace', sub { try('unshare', 0x10000000 | 0x00020000) == 0 });
child('real time', sub { my $priority = pack('i', 1); try('sched_setscheduler', 0, 2, $priority) == 0 });
child('idle scheduling', sub { my $priority = pack('i', 0); try('sched_setscheduler', 0, 5, $priority) == 0 });
child('personality', sub { try('personality', 0x0800000) != -1 });
child('executable memory', sub { try('mmap', 0, 4096, 7, 0x22, -1, 0) != -1 });
child('set-uid file', sub {
    my $path = "$writable/metaextract-probe-suid.$$";
    sysopen(my $out, $path, O_CREAT | O_WRONLY) or return 0;
    my $did = chmod(04755, $path);
    my $why = $!+0;
    unlink $path;
    $! = $why;
    $did;
});
child('giving up rights', sub { my ($who, $none) = (pack('Ll', 0x20080522, 0), pack('L6', (0) x 6)); try('capset', $who, $none) == 0 });
child('chown', sub {
    my $path = "$writable/metaextract-probe-chown.$$";
    sysopen(my $out, $path, O_CREAT | O_WRONLY) or return 0;
    my $did = chown($>, (split ' ', $))[0], $path);
    my $why = $!+0;
    unlink $path;
    $! = $why;
    $did;
});
child('hostname', sub { my $name = 'probe'; try('sethostname', $name, 5) == 0 });
child('clock', sub { try('settimeofday', 0, 0) == 0 });
child('kernel log', sub { try('syslog', 10, 0, 0) >= 0 });
child('mount', sub { my ($a, $b, $c) = ('none', '/mnt', 'tmpfs'); try('mount', $a, $b, $c, 0, 0) == 0 });
child('mount tree', sub { my $root = '/'; try('open_tree', -100, $root, 0) >= 0 });
child('chroot', sub { my $root = '/'; try('chroot', $root) == 0 });
child('swap', sub { my $none = '/nonexistent'; try('swapon', $none, 0) == 0 || $!{ENOENT} });
child('module', sub { my $none = 'nonexistent'; try('delete_module', $none, 0) == 0 || $!{ENOENT} });
child('landlock', sub { try('landlock_create_ruleset', 0, 0, 1) >= 1 });
child('key', sub { my ($type, $name, $key) = ('user', 'probe', 'x'); try('add_key', $type, $name, $key, 1, -3) != -1 });
child('signal to 1', sub { kill(0, 1) });
child('set-uid program', sub { my $said = `/usr/local/bin/probe-setuid -u 2>/dev/null`; $said =~ /^0$/m });
my $status = slurp('/proc/self/status');
for my $line ('NoNewPrivs', 'Seccomp_filters', 'CapPrm', 'CapBnd', 'CapAmb') {
    tell_of($line, $status =~ /^$line:\s*(\S+)/m ? $1 : '');
}
tell_of('umask', sprintf('%04o', umask));
tell_of('mounts', scalar(() = slurp('/proc/self/mountinfo') =~ /\n/g));
tell_of('keyring', slurp('/proc/keys') =~ /_ses/ ? 'session' : 'none');
my $limits = slurp('/proc/self/limits');
tell_of('files', $limits =~ /^Max open files\s+(\d+)/m ? $1 : '');
tell_of('core', $limits =~ /^Max core file size\s+(\S+)\s+(\S+)/m ? "$1 $2" : '');
tell_of('oom', slurp('/proc/self/oom_score_adj') =~ s/\s//gr);
my @stat = split ' ', slurp('/proc/self/stat') =~ s/.*\)//sr;
tell_of('nice', $stat[16]);
tell_of('scheduling', $stat[38]);
tell_of('disk', try('ioprio_get', 1, 0) >> 13);

open(my $out, '>', $file) or die "$file: $!";
print $out "$_\t$fact{$_}\n" for sort keys %fact;
close $out;

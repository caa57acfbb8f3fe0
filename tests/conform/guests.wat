;; The guests of `pst-conform runtime`, each below its name. `guests.sh` makes guests.c of them, which is
;; what the kit carries: an installed one has no wat2wasm beside it.

;; == plain: types, traps, memory, growth, time
(module
  (import "env" "add" (func $add (param i32 i32) (result i32)))
  (import "env" "mix" (func $mix (param i32 i64 f32 f64) (result i64)))
  (import "env" "fail" (func $fail))
  (import "env" "pass_time" (func $pass_time))
  (import "env" "read" (func $read (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 8) "postern")
  (table $t 4 funcref)
  (elem (i32.const 1) $one)
  (global $count (mut i32) (i32.const 0))
  (type $to_int (func (result i32)))
  (type $to_long (func (result i64)))
  (func $one (result i32) (i32.const 1))

  (func (export "i32") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func (export "i64") (param i64) (result i64) (i64.add (local.get 0) (i64.const 1)))
  (func (export "f32") (param f32) (result f32) (local.get 0))
  (func (export "f64") (param f64) (result f64) (local.get 0))
  (func (export "all") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
    (local.get 3) (local.get 2) (local.get 1) (local.get 0))
  (func (export "nothing"))
  (func (export "minus") (result i32) (i32.const -1))

  (func (export "add") (param i32 i32) (result i32) (call $add (local.get 0) (local.get 1)))
  (func (export "mix") (result i64)
    (call $mix (i32.const -2) (i64.const -3) (f32.const 1.5) (f64.const -2.5)))
  (func (export "fail") (call $fail))
  (func (export "pass_time") (call $pass_time))
  (func (export "pass_time_and_spin") (call $pass_time) (loop $again (br $again)))
  (func (export "read") (param i32 i32) (result i32) (call $read (local.get 0) (local.get 1)))
  (export "again" (func $add))

  (func (export "unreachable") unreachable)
  (func (export "divide") (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
  (func (export "fill") (param i32 i32) (memory.fill (local.get 0) (i32.const 7) (local.get 1)))
  (func (export "indirect") (param i32) (result i32) (call_indirect (type $to_int) (local.get 0)))
  (func (export "indirect_otherwise") (result i64) (call_indirect (type $to_long) (i32.const 1)))
  (func $deep (export "deep") (param i64) (result i64)
    (i64.add (i64.const 1) (call $deep (i64.add (local.get 0) (i64.const 1)))))
  (func $down (export "down") (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
      (else (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))))

  (func (export "spin") (loop $again (br $again)))
  (func (export "spin_and_fill") (loop $again
    (memory.fill (i32.const 0) (i32.const 0) (i32.mul (memory.size) (i32.const 65536))) (br $again)))
  (func (export "count") (result i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1))) (global.get $count))
  (func (export "sum") (param i32) (result i32) (local i32)
    (loop $again
      (local.set 1 (i32.add (local.get 1) (local.get 0)))
      (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))

  (func $grow (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "grow_table") (param i32) (result i32) (table.grow $t (ref.null func) (local.get 0)))
  (func (export "pages") (result i32) (memory.size))
  (func (export "grow_and_trap") (param i32) (drop (call $grow (local.get 0))) unreachable)
  (func (export "drop_references") (param i32)
    (loop $again
      (drop (ref.null func)) (drop (ref.null func)) (drop (ref.null func)) (drop (ref.null func))
      (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))

;; == bare: nothing but a function
(module (func (export "seven") (result i32) (i32.const 7)))

;; == hidden: its memory goes by another name, and what is called memory is a function
(module (memory (export "mine") 1) (func (export "memory") (result i32) (i32.const 7)))

;; == waits: calls what may be pending
(module
  (import "env" "wait" (func $wait (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "wait") (param i32) (result i32)
    (i32.store (i32.const 16) (i32.const 77))
    (i32.add (call $wait (local.get 0)) (call $wait (i32.add (local.get 0) (i32.const 1))))))

;; == starts: its start section calls the host, and leaves a mark
(module
  (import "env" "add" (func $add (param i32 i32) (result i32)))
  (global $mark (mut i32) (i32.const 0))
  (func $start (global.set $mark (call $add (i32.const 20) (i32.const 3))))
  (func (export "mark") (result i32) (global.get $mark))
  (start $start))

;; == start_traps
(module (func $start unreachable) (start $start))

;; == start_spins
(module (func $start (loop $again (br $again))) (start $start))

;; == start_exits
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (func $start (call $exit (i32.const 3)))
  (start $start))

;; == start_grows: more than anybody gives, and cannot do without
(module
  (memory 1)
  (func $start (if (i32.eq (memory.grow (i32.const 60000)) (i32.const -1)) (then unreachable)))
  (start $start))

;; == start_waits
(module
  (import "env" "wait" (func $wait (param i32) (result i32)))
  (func $start (drop (call $wait (i32.const 0))))
  (start $start))

;; == data_outside: a data segment beyond the memory
(module (memory 1) (data (i32.const 65535) "ab"))

;; == table_outside: the same of a table
(module (table 1 funcref) (func $f) (elem (i32.const 1) $f))

;; == huge_memory: 4 GiB to begin with
(module (memory 65536))

;; == huge_table: as many elements as there can be
(module (table 4294967295 funcref))

;; == wants_stranger: an import that nobody offers
(module (import "env" "stranger" (func)))

;; == wants_otherwise: one that is offered with another type
(module (import "env" "add" (func (param i32 i64) (result i32))))

;; == wants_memory
(module (import "env" "memory" (memory 1)))

;; == wants_global
(module (import "env" "add" (global i32)))

;; == exits: by WASI, in the middle
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (func (export "run") (param i32) (result i32) (call $exit (local.get 0)) unreachable))

;; == command: a WASI command: its arguments, its environment, and its input, all to standard output, then a
;; word to standard error; it ends with the number of arguments
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $env_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $env (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "done")
  (func $put (param $fd i32) (param $at i32) (param $len i32) (result i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $len))
    (call $write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)))
  (func $must (param i32) (if (local.get 0) (then (call $exit (i32.add (i32.const 100) (local.get 0))))))
  (func (export "_start") (local $count i32)
    (call $must (call $args_sizes (i32.const 16) (i32.const 20)))
    (local.set $count (i32.load (i32.const 16)))
    (call $must (call $args (i32.const 1024) (i32.const 2048)))
    (call $must (call $put (i32.const 1) (i32.const 2048) (i32.load (i32.const 20))))
    (call $must (call $env_sizes (i32.const 16) (i32.const 20)))
    (call $must (call $env (i32.const 1024) (i32.const 4096)))
    (call $must (call $put (i32.const 1) (i32.const 4096) (i32.load (i32.const 20))))
    (loop $again
      (i32.store (i32.const 0) (i32.const 8192))
      (i32.store (i32.const 4) (i32.const 5))
      (call $must (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 12)))
      (if (i32.load (i32.const 12)) (then
        (call $must (call $put (i32.const 1) (i32.const 8192) (i32.load (i32.const 12))))
        (br $again))))
    (call $must (call $put (i32.const 2) (i32.const 64) (i32.const 4)))
    (call $exit (local.get $count))))

;; == clocks: time that passes, and random bytes
(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "time") (param i32) (result i64)
    (if (call $time (local.get 0) (i64.const 1) (i32.const 0)) (then unreachable))
    (i64.load (i32.const 0)))
  (func (export "random") (result i64)
    (if (call $random (i32.const 8) (i32.const 8)) (then unreachable))
    (i64.load (i32.const 8))))

;; == badly_typed: does not validate
(module (func (result i32) (i64.const 1)))

;; == badly_called: nor does this
(module (func (call 1)))

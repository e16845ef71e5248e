;; Says hello.
(data (i32.const 0) "Hello 10000 ")

(func $handle
  (call $respond (i32.const 200) (i32.const 0) (i32.const 12))
  (call $write (call $path)))

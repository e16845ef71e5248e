;; Answers /NAME/anything with what was asked. A text is two numbers: where it is in memory, and how long it is.
(data (i32.const 0) "You asked for ")
(data (i32.const 16) "\n")

(func $handle
  (call $respond (i32.const 200) (i32.const 0) (i32.const 14))
  (call $write (call $path))      ;; $path gives the two numbers that $write takes
  (call $write (i32.const 16) (i32.const 1)))

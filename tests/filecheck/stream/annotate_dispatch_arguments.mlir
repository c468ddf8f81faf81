// RUN: pyrie opt --allow-unregistered-dialect --iree-stream-annotate-dispatch-arguments %s | FileCheck %s

stream.executable private @ex {
  stream.executable.export public @f
  builtin.module {
    // CHECK: func.func @f(%arg0: index, %arg1: !stream.binding {stream.alignment = 16 : index}, %arg2: i8, %arg3: index, %arg4: !stream.binding {stream.alignment = 64 : index})
    func.func @f(%n: index, %in: !stream.binding, %b: i8, %m: index, %out: !stream.binding) {
      "test.use"(%n, %b, %m, %in, %out) : (index, i8, index, !stream.binding, !stream.binding) -> ()
      return
    }
  }
}

util.func public @host(%a: !stream.resource<external>, %s: index, %n: index) -> !stream.timepoint {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c128 = arith.constant 128 : index
  %c7 = arith.constant 7 : i8
  %t = stream.cmd.execute with(%a as %x: !stream.resource<external>{%s}) {
    stream.cmd.dispatch @ex::@f(%n, %c7, %n : index, i8, index) {
      ro %x[%c16 for %c16] : !stream.resource<external>{%s},
      wo %x[%c128 for %c16] : !stream.resource<external>{%s}
    }
    stream.cmd.dispatch @ex::@f(%s, %c7, %s : index, i8, index) {
      ro %x[%c0 for %c16] : !stream.resource<external>{%s},
      wo %x[%c128 for %c16] : !stream.resource<external>{%s}
    }
  } => !stream.timepoint
  util.return %t : !stream.timepoint
}

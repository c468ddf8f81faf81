// RUN: pyrie opt --iree-hal-inline-memoize-regions %s | FileCheck %s

// CHECK-LABEL: @inlined
util.func public @inlined(%device: !hal.device, %any: i64) -> !hal.command_buffer {
  // CHECK-NOT: hal.device.memoize
  %r = hal.device.memoize<%device : !hal.device> affinity(%any) -> !hal.command_buffer {
    // CHECK: %[[CMD:.+]] = hal.command_buffer.create device(%arg0 : !hal.device) mode(OneShot)
    %cmd = hal.command_buffer.create device(%device : !hal.device) mode("None") categories(Dispatch) affinity(%any) : !hal.command_buffer
    // CHECK-NEXT: hal.command_buffer.finalize<%[[CMD]]
    hal.command_buffer.finalize<%cmd : !hal.command_buffer>
    hal.return %cmd : !hal.command_buffer
  }
  // CHECK-NEXT: util.return %[[CMD]]
  util.return %r : !hal.command_buffer
}

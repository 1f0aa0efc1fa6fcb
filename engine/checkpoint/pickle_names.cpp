#include "engine/checkpoint/pickle_names.h"

#include <array>

namespace longtake {

namespace {

struct Known {
    std::string_view module, name;
    PickleName meaning;
};

// HarmlessData: classes of plain values found in the settings that training scripts save beside the weights.
// They become opaque values; a call of anything that is not listed here gets the file refused.
constexpr std::array kKnown = {
    Known{"collections", "OrderedDict", PickleName::OrderedDict},
    Known{"torch._utils", "_rebuild_tensor_v2", PickleName::RebuildTensor},
    Known{"torch._utils", "_rebuild_tensor_v3", PickleName::RebuildTensorV3},
    Known{"torch._utils", "_rebuild_parameter", PickleName::RebuildParameter},
    Known{"torch._utils", "_rebuild_parameter_with_state", PickleName::RebuildParameter},
    Known{"torch._tensor", "_rebuild_from_type_v2", PickleName::RebuildSubclass},
    Known{"torch", "Size", PickleName::Size},
    Known{"torch.storage", "UntypedStorage", PickleName::UntypedStorage},
    Known{"torch", "UntypedStorage", PickleName::UntypedStorage},
    Known{"torch", "device", PickleName::HarmlessData},
    Known{"torch.serialization", "_get_layout", PickleName::HarmlessData},
    Known{"collections", "defaultdict", PickleName::HarmlessData},
    Known{"collections", "Counter", PickleName::HarmlessData},
    Known{"collections", "deque", PickleName::HarmlessData},
    Known{"builtins", "set", PickleName::HarmlessData},
    Known{"builtins", "frozenset", PickleName::HarmlessData},
    Known{"builtins", "complex", PickleName::HarmlessData},
    Known{"builtins", "slice", PickleName::HarmlessData},
    Known{"builtins", "bytearray", PickleName::HarmlessData},
    Known{"__builtin__", "set", PickleName::HarmlessData},
    Known{"_codecs", "encode", PickleName::HarmlessData},
    Known{"copyreg", "_reconstructor", PickleName::HarmlessData},
    Known{"copy_reg", "_reconstructor", PickleName::HarmlessData},
    Known{"argparse", "Namespace", PickleName::HarmlessData},
    Known{"types", "SimpleNamespace", PickleName::HarmlessData},
    Known{"datetime", "datetime", PickleName::HarmlessData},
    Known{"datetime", "timedelta", PickleName::HarmlessData},
    Known{"pathlib", "PosixPath", PickleName::HarmlessData},
    Known{"pathlib", "PurePosixPath", PickleName::HarmlessData},
    Known{"pathlib", "WindowsPath", PickleName::HarmlessData},
    Known{"numpy", "dtype", PickleName::HarmlessData},
    Known{"numpy", "ndarray", PickleName::HarmlessData},
    Known{"numpy.core.multiarray", "scalar", PickleName::HarmlessData},
    Known{"numpy.core.multiarray", "_reconstruct", PickleName::HarmlessData},
    Known{"numpy._core.multiarray", "scalar", PickleName::HarmlessData},
    Known{"numpy._core.multiarray", "_reconstruct", PickleName::HarmlessData},
    Known{"omegaconf.dictconfig", "DictConfig", PickleName::HarmlessData},
    Known{"omegaconf.listconfig", "ListConfig", PickleName::HarmlessData},
    Known{"omegaconf.base", "ContainerMetadata", PickleName::HarmlessData},
    Known{"omegaconf.base", "Metadata", PickleName::HarmlessData},
    Known{"omegaconf.nodes", "AnyNode", PickleName::HarmlessData},
    Known{"omegaconf.nodes", "StringNode", PickleName::HarmlessData},
    Known{"omegaconf.nodes", "IntegerNode", PickleName::HarmlessData},
    Known{"omegaconf.nodes", "FloatNode", PickleName::HarmlessData},
    Known{"omegaconf.nodes", "BooleanNode", PickleName::HarmlessData},
};

struct NumberName {
    std::string_view storage, dtype;
    Encoding encoding;
};

constexpr std::array kNumbers = {
    NumberName{"FloatStorage", "float32", Encoding::F32},      NumberName{"HalfStorage", "float16", Encoding::F16},
    NumberName{"BFloat16Storage", "bfloat16", Encoding::BF16}, NumberName{"DoubleStorage", "float64", Encoding::F64},
    NumberName{"LongStorage", "int64", Encoding::I64},         NumberName{"IntStorage", "int32", Encoding::I32},
    NumberName{"ShortStorage", "int16", Encoding::I16},        NumberName{"CharStorage", "int8", Encoding::I8},
    NumberName{"ByteStorage", "uint8", Encoding::U8},          NumberName{"BoolStorage", "bool", Encoding::Bool},
    NumberName{"", "float8_e4m3fn", Encoding::F8E4M3},         NumberName{"", "float8_e5m2", Encoding::F8E5M2},
};

}  // namespace

PickleGlobal classifyPickleName(std::string_view module, std::string_view name) {
    PickleGlobal global{module, name, PickleName::Unknown, Encoding::U8};
    for (const Known& known : kKnown)
        if (known.module == module && known.name == name) global.meaning = known.meaning;
    if (module != "torch" && module != "torch.cuda") return global;
    for (const NumberName& number : kNumbers) {
        const bool isStorage = !number.storage.empty() && number.storage == name;
        if (!isStorage && number.dtype != name) continue;
        global.meaning = isStorage ? PickleName::TypedStorage : PickleName::NumberType;
        global.encoding = number.encoding;
    }
    return global;
}

}  // namespace longtake

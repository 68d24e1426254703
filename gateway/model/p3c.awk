# p3c.awk: fits Qdrant's .proto files to protoc-gen-c and its output to the
# gateway, in three stages.  Nothing here changes a byte on the wire; the
# untouched files are what reflection shows.
#
# stage=proto  All files of package qdrant (named twice: pass=1, pass=2) become
#	one file without services.  protoc-gen-c refuses proto3's `optional`:
#	message fields lose it (NULL says absent), scalars and enums become a
#	one-member oneof has_NAME, strings a one-member oneof str_NAME.  Maps of
#	Value become `repeated bytes`: payloads stay wire slices (model.h).  A
#	field called `base` would collide with the struct's head.  What is
#	deprecated must be read all the same, so the mark goes.
#
# stage=h, stage=c  Turns those oneofs into protobuf-c's own notion of optional,
#	known from proto2: `protobuf_c_boolean has_NAME` beside the scalar; a NULL
#	string is an absent one.  The label is looked at field by field at run time,
#	so the library packs them as such.

stage == "proto" && pass == 1 {
	if ($1 == "enum")
		enum[$2] = 1
	next
}

stage == "proto" && !begun {
	begun = 1
	print "syntax = \"proto3\";"
	if (package == "qdrant")
	{
		print "import \"google/protobuf/timestamp.proto\";"
		print "import \"protobuf-c/protobuf-c.proto\";"
	}
	print "package " package ";"
}

stage == "proto" {
	if (/^\/\// || /^(syntax|package|import) / || /^$/)
		next
	if ($1 == "service")
		in_service = 1
	if (in_service)
	{
		if ($1 == "}")
			in_service = 0
		next
	}
	sub(/ \[deprecated = true\]/, "")
	if ($1 == "message")
		message = $2
	if ($1 == "map<string," && $2 == "Value>" && message != "Struct")
		sub(/map<string, Value>/, "repeated bytes")
	if ($1 == "optional")
	{
		sub(/optional /, "")
		if ($1 == "string")
			$0 = "\toneof str_" $2 " {" $0 " }"
		else if (is_scalar($1) || $1 in enum)
			$0 = "\toneof has_" $2 " {" $0 " }"
	}
	print
	if ($1 == "message" && message == "PowExpression")
		print "\toption (pb_c_msg).base_field_name = \"head\";"
}

function is_scalar(type)
{
	return type ~ /^(double|float|int32|int64|uint32|uint64|bool)$/
}

# The struct's member and the initialiser of the message.
stage == "h" {
	if (/ has_[a-z0-9_]+_case;$/)
	{
		sub(/_case;$/, ";")
		sub(/[^ ]+ has_/, "protobuf_c_boolean has_")
	}
	else if (/ str_[a-z0-9_]+_case;$/)
		next
	gsub(/[A-Z0-9_]+__HAS_[A-Z0-9_]+__NOT_SET, /, "0, ")
	gsub(/[A-Z0-9_]+__STR_[A-Z0-9_]+__NOT_SET, /, "")
	# The enum that names the oneof's members keeps its NOT_SET.
	print
}

# A field descriptor: label and type stand before the offset that tells what
# the field is, so three lines are held back.
stage == "c" {
	if (/^    PROTOBUF_C_LABEL_NONE,$/)
	{
		label = $0
		getline type
		getline offset
		kind = "none"
		if (offset ~ /, has_[a-z0-9_]+_case\),$/)
		{
			kind = "optional"
			sub(/_case\),$/, "),", offset)
		}
		else if (offset ~ /, str_[a-z0-9_]+_case\),$/)
		{
			kind = "optional"
			offset = "    0,   /* quantifier_offset: NULL is absent */"
		}
		if (kind == "optional")
			label = "    PROTOBUF_C_LABEL_OPTIONAL,"
		print label
		print type
		print offset
		next
	}
	if (/^  }/)
		kind = "none"
	if (kind == "optional")
	{
		sub(/&protobuf_c_empty_string,/, "NULL,")
		sub(/0 \| PROTOBUF_C_FIELD_FLAG_ONEOF,/, "0,")
	}
	print
}

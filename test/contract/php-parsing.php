<?php
// Reads lines `kind base64` and writes, for each, what PHP makes of the text: the method of a command, a space, and the
// parameters as JSON. Bytes that are no UTF-8 are written as `\udcXX`, decimals as the digits of their bits.
function text_of(string $value): string
{
    $flags = JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_LINE_TERMINATORS;
    $valid = '[\x00-\x7F]|[\xC2-\xDF][\x80-\xBF]|\xE0[\xA0-\xBF][\x80-\xBF]|[\xE1-\xEC\xEE\xEF][\x80-\xBF]{2}|'
        . '\xED[\x80-\x9F][\x80-\xBF]|\xF0[\x90-\xBF][\x80-\xBF]{2}|[\xF1-\xF3][\x80-\xBF]{3}|\xF4[\x80-\x8F][\x80-\xBF]{2}';
    preg_match_all("/$valid|[\\x80-\\xFF]/s", $value, $found);
    $escaped = array_map(
        fn ($char) => preg_match("/^(?:$valid)$/Ds", $char) ? substr(json_encode($char, $flags), 1, -1) : '\udc' . bin2hex($char),
        $found[0],
    );
    return '"' . implode('', $escaped) . '"';
}

function json_of(mixed $value): string
{
    if (is_string($value)) return text_of($value);
    if (is_float($value)) return '<' . bin2hex(pack('E', $value)) . '>';
    if (!is_array($value)) return json_encode($value);
    if (array_is_list($value)) return '[' . implode(',', array_map('json_of', $value)) . ']';
    $pairs = [];
    foreach ($value as $key => $item) $pairs[] = text_of((string) $key) . ':' . json_of($item);
    return '{' . implode(',', $pairs) . '}';
}

function parsed(string $kind, string $text): string
{
    if ($kind === 'command') {
        $parts = parse_url($text) ?: [];
        parse_str($parts['query'] ?? '', $parameters);
        return text_of($parts['path'] ?? '') . ' ' . json_of($parameters);
    }
    if ($kind === 'json') {
        $decoded = json_decode(trim($text), true);
        return json_of(is_array($decoded) ? $decoded : []);
    }
    parse_str($kind === 'text' ? trim($text) : $text, $parameters);
    return json_of($kind === 'form' ? array_merge([], $parameters) : $parameters);
}

while (($line = fgets(STDIN)) !== false) {
    [$kind, $encoded] = explode(' ', rtrim($line, "\n"));
    fwrite(STDOUT, parsed($kind, base64_decode($encoded)) . "\n");
}

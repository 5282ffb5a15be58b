<?php

/** Runs one case of cases.json by one PHP client. Arguments: client, folder with its packages, base URL, case. */

error_reporting(E_ALL & ~E_DEPRECATED);
[, $client, $folder, $base, $caseName] = $argv;
$case = json_decode(file_get_contents(__DIR__ . '/cases.json'), true)[$caseName];

function paramsOf(array $case): array
{
    if (isset($case['rows'])) {
        return ['id' => 7, 'rows' => array_map('row', range(0, $case['rows'] - 1))];
    }
    if (isset($case['bytes'])) {
        $content = base64_encode(implode('', array_map(fn ($i) => chr($i * 7 % 256), range(0, $case['bytes'] - 1))));
        return ['id' => 1, 'data' => ['NAME' => 'отчёт +&.bin'], 'fileContent' => ['отчёт +&.bin', $content]];
    }
    return $case['params'];
}

function row(int $i): array
{
    return [
        'PRODUCT_NAME' => "Товар & $i",
        'PRICE' => '10.50',
        'QUANTITY' => $i + 1,
        'DISCOUNT_TYPE_ID' => 1,
        'TAX_INCLUDED' => 'Y',
        'MEASURE_CODE' => 796,
    ];
}

function commandsOf(array $case): array
{
    $commands = [];
    foreach ($case['commands'] as [$name, $method, $params]) {
        $commands[$name] = $method . '?' . http_build_query($params);
    }
    return $commands;
}

/** `bitrix24/b24phpsdk` and its ancestor `mesilov/bitrix24-php-sdk`. */
function byPhpSdk(array $case, string $caseName): mixed
{
    global $folder, $base;
    require "$folder/vendor/autoload.php";
    $webhook = new \Bitrix24\SDK\Core\Credentials\WebhookUrl($base);
    if ($caseName === 'list') {
        $events = new \Symfony\Component\EventDispatcher\EventDispatcher();
        $factory = new \Bitrix24\SDK\Services\ServiceBuilderFactory($events, new \Psr\Log\NullLogger());
        $services = $factory->initFromWebhook($base);
        $deals = $services->getCRMScope()->deal()->batch->list([], $case['params']['filter'], $case['params']['select']);
        return array_map(fn ($deal) => $deal->ID, iterator_to_array($deals, false));
    }
    $isBatch = isset($case['commands']);
    $params = $isBatch ? ['halt' => $case['halt'], 'cmd' => commandsOf($case)] : paramsOf($case);
    $core = (new \Bitrix24\SDK\Core\CoreBuilder())
        ->withCredentials(\Bitrix24\SDK\Core\Credentials\Credentials::createFromWebhook($webhook))
        ->build();
    return $core->call($isBatch ? 'batch' : $case['method'], $params)->getResponseData()->getResult();
}

function byCrest(array $case, string $caseName): mixed
{
    global $folder, $base;
    define('C_REST_WEB_HOOK_URL', $base);
    define('C_REST_BLOCK_LOG', true);
    require "$folder/src/crest.php";
    if (isset($case['commands'])) {
        $calls = [];
        foreach ($case['commands'] as [$name, $method, $params]) {
            $calls[$name] = ['method' => $method, 'params' => $params];
        }
        return CRest::callBatch($calls, $case['halt']);
    }
    return CRest::call($case['method'], paramsOf($case));
}

function byAndreyTech(array $case, string $caseName): mixed
{
    global $folder, $base;
    require "$folder/vendor/autoload.php";
    $bitrix = new \App\Bitrix24\Bitrix24API($base);
    $bitrix->http->throttle = 0;
    if ($caseName === 'list') {
        return iterator_to_array($bitrix->fetchList($case['method'], $case['params']), false);
    }
    if (isset($case['commands'])) {
        try {
            return $bitrix->batchRequest(commandsOf($case), (bool) $case['halt']);
        } catch (\App\Bitrix24\Bitrix24APIException) {
            // Its message has the whole answer as text, times included.
            return $bitrix->getLastResponse();
        }
    }
    return $bitrix->request($case['method'], paramsOf($case));
}

function withoutTimes(mixed $value): mixed
{
    if (!is_array($value)) {
        return $value;
    }
    unset($value['time'], $value['result_time']);
    return array_map('withoutTimes', $value);
}

$runs = ['b24phpsdk' => 'byPhpSdk', 'mesilov-sdk' => 'byPhpSdk', 'crest' => 'byCrest', 'andrey-tech' => 'byAndreyTech'];
try {
    $outcome = ['returned' => $runs[$client]($case, $caseName)];
} catch (Throwable $error) {
    $outcome = ['error' => $error::class, 'message' => $error->getMessage()];
}
echo json_encode(withoutTimes($outcome), JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_PARTIAL_OUTPUT_ON_ERROR), "\n";

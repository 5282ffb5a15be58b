import { Secret } from './secret';
import { newSigningSecret, signatureHeaders } from './signature';

describe('the signature of a message', () => {
  it('is that of Standard Webhooks: its own published example', () => {
    const secret = new Secret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    const text = '{"test": 2432232314}';
    expect(signatureHeaders([secret], { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', text }, 1614265330_900)).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('has a secret of 256 random bits', () => {
    const secrets = [newSigningSecret(), newSigningSecret()].map((it) =>
      Buffer.from(it.reveal().slice('whsec_'.length), 'base64'),
    );
    expect(secrets.map(({ length }) => length)).toEqual([32, 32]);
    expect(secrets[0]).not.toEqual(secrets[1]);
  });
});
